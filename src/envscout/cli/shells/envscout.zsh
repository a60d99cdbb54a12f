#compdef envscout docker-scout
# Completion of envscout for zsh. The program itself answers; see envscout completion --help.

_envscout() {
    local kind value meaning
    local -a plain part told
    while IFS=$'\t' read -r kind value meaning; do
        case $kind in
            file) compset -P '*='; _files ;;
            dir) compset -P '*='; _files -/ ;;
            part) part+=("$value") ;;
            plain) if [[ -n $meaning ]]; then told+=("${value//:/\\:}:$meaning"); else plain+=("$value"); fi ;;
        esac
    done < <(_ENVSCOUT_COMPLETE=zsh _ENVSCOUT_LINE="${(j: :)words[1,CURRENT]}" "${words[1]/#\~\//$HOME/}" 2>/dev/null)
    (( $#told )) && _describe -V -t values value told -U
    (( $#plain )) && compadd -V values -U -a plain
    (( $#part )) && compadd -V parts -U -S '' -a part
}

# Found in fpath, this file is the body of the function; read by a shell, it only says what completes.
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
    _envscout "$@"
else
    compdef _envscout envscout docker-scout
fi
