# SPDX-License-Identifier: MIT
# Prints what `--help` (stdin) of $program offers, separated by tabs:
#   command NAME          choices of its operand
#   option  NAME          METAVAR  choices of its value  description
BEGIN { OFS = "\t" }
$1 == "usage:" { sub(/usage:/, "") }
$1 == program && $2 ~ /^[a-z]/ {
    print "command", $2, ($3 ~ /^[a-z0-9]+[|]/ ? words($3, "[|]") : "")
}
/^ +-/ {
    line = $0
    sub(/^ +/, "", line)
    names = ""
    while (match(line, /^--?[A-Za-z][a-z0-9-]*(, )?/)) {
        name = substr(line, 1, RLENGTH)
        line = substr(line, RLENGTH + 1)
        sub(/, /, "", name)
        names = names " " name
    }
    # One space precedes the metavar, several the description, which may be on the next line.
    metavar = ""
    if (match(line, /^ [^ ]+/)) {
        metavar = substr(line, 2, RLENGTH - 1)
        line = substr(line, RLENGTH + 1)
    }
    sub(/^ +/, "", line)
    # Choices are a list of words, such as: sync (the default), async or none.
    list = line
    gsub(/ \([^)]*\)/, "", list)
    choices = ""
    if (metavar ~ /^[a-z]/) choices = metavar
    else if (metavar != "" && list ~ /^[a-z][a-z0-9-]*(, [a-z][a-z0-9-]*)* or [a-z][a-z0-9-]*$/)
        choices = words(list, ", | or ")
    n = split(names, name_of, " ")
    for (i = 1; i <= n; i++) {
        if (!seen[name_of[i]]++) print "option", name_of[i], metavar, choices, line
    }
}
{ text = text " " $0 }
# Aliases are named in descriptions.
END {
    while (match(text, /[ (\[]--[a-z][a-z0-9-]*/)) {
        name = substr(text, RSTART + 1, RLENGTH - 1)
        text = substr(text, RSTART + RLENGTH)
        if (!seen[name]++) print "option", name, "VALUE", "", ""
    }
}
function words(list, separator,    n, i, part, result) {
    n = split(list, part, separator)
    for (i = 1; i <= n; i++) result = result (i > 1 ? " " : "") part[i]
    return result
}
