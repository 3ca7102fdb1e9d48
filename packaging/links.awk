# Rewrites the links of a Markdown document of the source for the place where it is installed:
#   awk -v source=DOCUMENT -f packaging/links.awk LIST DOCUMENT
# LIST says what is installed, as packaging/stage --list prints it. A link to what is installed among the documents stays a link; in
# place of any other stands where the file is: installed, else in the source.

# Without `.` and `..`.
function normal(path,    part, count, kept, i, result) {
    count = split(path, part, "/")
    kept = 0
    for (i = 1; i <= count; i++) {
        if (part[i] == "" || part[i] == ".") continue
        if (part[i] == ".." && kept > 0) kept--
        else part[++kept] = part[i]
    }
    result = part[1]
    for (i = 2; i <= kept; i++) result = result "/" part[i]
    return kept ? result : ""
}

function folder(path) {
    return sub(/\/[^\/]*$/, "", path) ? path : ""
}

# The way from a folder to a file.
function relative(from, to,    up) {
    from = from "/"
    up = ""
    while (index(to, from) != 1) {
        from = folder(substr(from, 1, length(from) - 1)) "/"
        up = up "../"
    }
    return up substr(to, length(from) + 1)
}

# Where the file or folder is installed, or nothing.
function place(path,    file) {
    if (path in installed) return installed[path]
    for (file in installed)
        if (index(file, path "/") == 1) return substr(installed[file], 1, length(installed[file]) - length(file) + length(path))
    return ""
}

# What stands for `[label](target)`, after `before`.
function link(before, label, target,    anchor, path, where) {
    if (target == "" || target ~ /^(#|[a-z]+:)/) return before "[" label "](" target ")"
    anchor = ""
    if (match(target, /#/)) {
        anchor = substr(target, RSTART)
        target = substr(target, 1, RSTART - 1)
    }
    path = normal(folder(source) "/" target)
    where = place(path)
    if (index(where, documents "/") == 1) return before "[" label "](" relative(folder(here), where) anchor ")"
    # A picture that is not there is the words for it.
    sub(/!$/, "", before)
    if (where != "") return before (label == path ? "`" where "`" : label " (`" where "`)")
    return before (label == path ? "`" path "` (in the source)" : label " (`" path "` in the source)")
}

FNR == NR {
    installed[$2] = $3
    if ($2 == source) here = $3
    next
}

FNR == 1 {
    # /usr/share/doc/PACKAGE
    match(here, /^\/usr\/share\/doc\/[^\/]*/)
    documents = substr(here, 1, RLENGTH)
}

# A link may go on in the next line.
{
    rest = rest $0 "\n"
}

END {
    while (match(rest, /\[[^]\[]*\]\([^)]*\)/)) {
        found = substr(rest, RSTART + 1, RLENGTH - 2)
        line = line substr(rest, 1, RSTART - 1)
        rest = substr(rest, RSTART + RLENGTH)
        line = link(line, substr(found, 1, index(found, "](") - 1), substr(found, index(found, "](") + 2))
    }
    printf "%s%s", line, rest
}
