# Completion of envscout for bash 4 and newer. The program itself answers; see envscout completion --help.

_envscout() {
    local kind value meaning
    COMPREPLY=()
    while IFS=$'\t' read -r kind value meaning; do
        case $kind in
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
            part) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_WORDBREAKS=$COMP_WORDBREAKS _ENVSCOUT_COMPLETE=bash _ENVSCOUT_LINE=${COMP_LINE:0:COMP_POINT} \
        "${1/#~\//$HOME/}" 2>/dev/null)
}

complete -o nosort -F _envscout envscout docker-scout 2>/dev/null || complete -F _envscout envscout docker-scout
