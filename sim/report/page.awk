# SPDX-License-Identifier: MIT
# Makes one page of an HTML file and the files that it includes: a line "<!-- include NAME -->" is
# replaced with that file of the same directory, without its licence line.
function include(name,    line) {
    while ((status = (getline line <name)) > 0) {
        if (line ~ /SPDX-License-Identifier/) continue
        print line
    }
    if (status < 0) {
        print "page.awk: cannot read " name >"/dev/stderr"
        exit 1
    }
    close(name)
}
/^<!-- include [a-z_.]+ -->$/ {
    path = FILENAME
    sub(/[^\/]*$/, "", path)
    include(path $3)
    next
}
/SPDX-License-Identifier/ { next }
{ print }
