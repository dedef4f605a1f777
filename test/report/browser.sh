# SPDX-License-Identifier: MIT
# A headless Chromium for scripts of Node.js. Sourced, it exports CHROMIUM, its path, which
# the environment may set, and DRIVER, a directory with playwright-core, which drives a browser and
# contains none. Pages look the same on every machine that has the DejaVu fonts. $TMP is a directory
# for temporary files, $BUILD the build directory. If something is missing, NO_BROWSER is a line
# that says what, and how to get it; otherwise it is empty.
playwright=playwright-core@1.65.1
case $BUILD in
/*) DRIVER=$BUILD/browser ;;
*) DRIVER=$PWD/$BUILD/browser ;;
esac
get="to get it: test/lib/deps.sh install browser"
NO_BROWSER=
if [ -z "${CHROMIUM-}" ]; then
    CHROMIUM=$(command -v chromium || command -v chromium-browser) ||
        NO_BROWSER="no Chromium; $get, or set CHROMIUM to its path"
elif ! command -v "$CHROMIUM" >/dev/null; then
    NO_BROWSER="no Chromium: CHROMIUM is $CHROMIUM, which is no program"
fi
FONTCONFIG_FILE=$TMP/fonts.conf
export DRIVER CHROMIUM FONTCONFIG_FILE

if [ -z "$NO_BROWSER" ] && ! command -v node >/dev/null; then
    NO_BROWSER="no Node.js; $get"
elif [ -z "$NO_BROWSER" ] && ! [ -f "$DRIVER/$playwright" ] && [ "${DEPS-}" = no ]; then
    NO_BROWSER="no $playwright, and DEPS=no; to get it: npm install --prefix $DRIVER $playwright"
elif [ -z "$NO_BROWSER" ] && ! [ -f "$DRIVER/$playwright" ]; then
    mkdir -p "$DRIVER"
    echo "+ npm install --prefix $DRIVER $playwright" >&2
    if npm install --prefix "$DRIVER" --no-audit --no-fund --ignore-scripts --silent $playwright \
        >"$TMP/npm" 2>&1; then
        : >"$DRIVER/$playwright"
    else
        NO_BROWSER="no $playwright; to get it: npm install --prefix $DRIVER $playwright"
    fi
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
