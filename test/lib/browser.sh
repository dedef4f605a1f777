# SPDX-License-Identifier: MIT
# A headless Chromium for scripts of Node.js; sourced. Sets and exports DRIVER, the directory in
# which playwright-core is installed, which drives a browser and brings none, and CHROMIUM. Pages
# look the same on every machine that has DejaVu's fonts. $TMP is a directory for a file, $BUILD
# where things are built. Exits if something is missing.
playwright=playwright-core@1.65.1
case $BUILD in
/*) DRIVER=$BUILD/browser ;;
*) DRIVER=$PWD/$BUILD/browser ;;
esac
CHROMIUM=$(command -v chromium || command -v chromium-browser)
FONTCONFIG_FILE=$TMP/fonts.conf
export DRIVER CHROMIUM FONTCONFIG_FILE

if ! [ -f "$DRIVER/$playwright" ]; then
    mkdir -p "$DRIVER"
    npm install --prefix "$DRIVER" --no-audit --no-fund --ignore-scripts --silent $playwright \
        >"$TMP/npm" 2>&1 || { cat "$TMP/npm" && exit 1; }
    : >"$DRIVER/$playwright"
fi
if [ -z "$CHROMIUM" ]; then
    echo "there is no chromium: test/gates/deps.sh install check"
    exit 1
fi
{
    echo '<?xml version="1.0"?>'
    echo '<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
    echo '<fontconfig>'
    for dir in /usr/share/fonts /usr/local/share/fonts /opt/homebrew/share/fonts; do
        echo "<dir>$dir</dir>"
    done
    echo "<cachedir>$DRIVER/fonts</cachedir>"
    font='<edit name="family" mode="prepend_first"><string>DejaVu Sans'
    echo "<match>$font</string></edit></match>"
    echo '<match><test name="family" compare="contains"><string>mono</string></test>' \
        "$font Mono</string></edit></match>"
    echo '</fontconfig>'
} >"$FONTCONFIG_FILE"
