# SPDX-License-Identifier: MIT
# Reads `cc -E -dD` of the public headers and writes a C program that prints their interface: each
# function with its prototype, each struct with its size and the offset, size and type of its
# members, each enumerator and macro with its value. What it does not understand is an error.
function put(text) { # prints the text as it stands
    gsub(/\\/, "\\\\", text); gsub(/"/, "\\\"", text); gsub(/%/, "%%", text)
    printf "    printf(\"%s\\n\");\n", text
}
function trim(text) {
    gsub(/[ \t]+/, " ", text)
    gsub(/^ | $/, "", text)
    return text
}
function fail(text) {
    print "abi.awk: not understood: " text >"/dev/stderr"
    failed = 1
    exit 1
}
function name_of(declarator) {
    if (match(declarator, /\(\*[a-z0-9_]+\)/)) return substr(declarator, RSTART + 2, RLENGTH - 3)
    sub(/ *\[.*$/, "", declarator)
    if (!match(declarator, /[A-Za-z0-9_]+$/)) fail(declarator)
    return substr(declarator, RSTART)
}
function member(type, declaration,    n, i, parts, name, base) {
    if (declaration ~ /[{}:]/) fail(type ": " declaration)
    n = declaration ~ /\(/ ? 1 : split(declaration, parts, ",")
    if (n == 1) parts[1] = declaration
    for (i = 1; i <= n; i++) {
        parts[i] = trim(parts[i])
        name = name_of(parts[i])
        if (i == 1) {
            base = parts[1]
            sub(/[ *]*[A-Za-z0-9_]+( *\[.*)?$/, "", base)
        } else parts[i] = base " " parts[i]
        printf "    MEMBER(struct %s, %s, \"%s\");\n", type, name, parts[i]
    }
}
function body(item) {
    sub(/^[^{]*\{/, "", item)
    sub(/\}[^}]*$/, "", item)
    return item
}
function declare(item,    n, i, parts, name) {
    item = trim(item)
    if (item == "") return
    if (item ~ /^(static )?inline /) {
        sub(/ *\{.*/, "", item)
        sub(/^static /, "", item)
        put(item)
    } else if (item ~ /^struct [a-z0-9_]+$/ || item ~ /^typedef [^{]*$/) put(item)
    else if (match(item, /^struct [a-z0-9_]+ \{/)) {
        name = substr(item, 8, RLENGTH - 9)
        printf "    printf(\"struct %s: %%zu bytes\\n\", sizeof(struct %s));\n", name, name
        n = split(body(item), parts, ";")
        for (i = 1; i < n; i++) member(name, trim(parts[i]))
    } else if (match(item, /^enum ([a-z0-9_]+ )?\{/)) {
        put(trim(substr(item, 1, RLENGTH - 1)))
        n = split(body(item), parts, ",")
        for (i = 1; i <= n; i++) {
            name = trim(parts[i])
            sub(/ *=.*/, "", name)
            if (name ~ /^[A-Z0-9_]+$/) printf "    ENUMERATOR(%s);\n", name
            else if (name != "") fail(item)
        }
    } else if (item ~ /^[a-z][A-Za-z0-9_ *]* \*?gv_[a-z0-9_]+\(.*\)$/) put(item)
    else fail(item)
}
BEGIN {
    print "#include <inttypes.h>\n#include <stdio.h>"
    n = split(headers, names, " ")
    for (i = 1; i <= n; i++) print "#include <grapevine/" names[i] ">"
    print "static void text(const char *name, const char *value) {"
    print "    printf(\"macro %s \\\"%s\\\"\\n\", name, value);\n}"
    print "static void integer(const char *name, int64_t value) {"
    print "    printf(\"macro %s %\" PRIi64 \"\\n\", name, value);\n}"
    print "static void natural(const char *name, uint64_t value) {"
    print "    printf(\"macro %s %\" PRIu64 \"\\n\", name, value);\n}"
    print "#define MACRO(name, value) _Generic((value), char *: text, int: integer, \\"
    print "    long: integer, long long: integer, default: natural)(name, value)"
    print "#define ENUMERATOR(name) printf(\"    \" #name \" = %lld\\n\", (long long)name)"
    print "#define MEMBER(type, name, text) \\"
    print "    printf(\"    at %zu, %zu bytes: \" text \"\\n\", offsetof(type, name), \\"
    print "        sizeof(((type *)NULL)->name))"
    print "int main(void) {"
}
/^# [0-9]+ "/ { ours = $3 ~ /\/include\/grapevine\/[a-z_]*\.h"$/; next }
!ours { next }
/^#undef/ { macros[$2] = ""; next } # was defined for a few lines only
/^#define GV_[A-Z0-9_]+\(/ {
    name = substr($2, 1, index($2, "(") - 1)
    order[++defined] = name
    macros[name] = substr($0, 9, index($0, ")") - 8)
    next
}
/^#define GV_[A-Z0-9_]+ / {
    # The version changes with each release; GV_API has no value.
    if ($2 !~ /^GV_(API|VERSION|VERSION_PATCH)$/ && NF > 2)
        printf "    MACRO(\"%s\", %s);\n", $2, $2
    next
}
/^#define [A-Z]+_/ && NF > 2 { fail($0 ": the prefix is GV_") }
/^#/ { next }
{
    gsub(/__attribute__ *\(\(visibility *\("default"\)\)\)/, "")
    gsub(/_Bool/, "bool") # what stdbool.h makes of bool
    text = text $0 " "
}
END {
    if (failed) exit 1
    for (i = 1; i <= defined; i++)
        if (macros[order[i]] != "") put("macro " macros[order[i]])
    depth = 0
    item = ""
    while (match(text, /[;{}]/)) {
        mark = substr(text, RSTART, 1)
        item = item substr(text, 1, RSTART)
        text = substr(text, RSTART + 1)
        if (mark == "{") depth++
        else if (mark == "}") depth--
        # A function's body ends without a semicolon.
        if (depth == 0 && (mark == ";" || (mark == "}" && trim(item) ~ /^(static )?inline /))) {
            sub(/;$/, "", item)
            declare(item)
            item = ""
        }
    }
    if (failed) exit 1
    if (trim(item text) != "") fail(item text)
    print "    return 0;\n}"
}
