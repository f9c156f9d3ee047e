// The completion scripts of three shells. Each asks `understudy complete` for what may come next, one candidate a
// line with its description behind a tab, or `:files` for paths. What may come next is in candidates.ts.

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const BASH = `# bash completion for understudy: source <(understudy completion bash)
_understudy() {
    local line replies
    COMPREPLY=()
    replies=$("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
    while IFS= read -r line; do
        case $line in
            '') ;;
            :files) compopt -o default; return ;;
            *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
        esac
    done <<<"$replies"
}
complete -F _understudy understudy
`;

const ZSH = `#compdef understudy
# zsh completion for understudy: source <(understudy completion zsh), or as _understudy in a folder of fpath
_understudy() {
    local line value
    local -a candidates
    for line in "\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ $line == :files ]] && { _files; return }
        [[ -n $line ]] || continue
        value=\${line%%$'\\t'*}
        candidates+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
    done
    _describe -t values understudy candidates
}
if [[ $funcstack[1] == _understudy ]]; then
    _understudy "$@"
else
    compdef _understudy understudy
fi
`;

const FISH = `# fish completion for understudy: understudy completion fish | source
function __understudy_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l replies ($words[1] complete -- $words[2..-1] 2>/dev/null)
    if test "$replies[1]" = :files
        __fish_complete_path (commandline -ct)
    else
        string join -- \\n $replies
    end
end
complete -c understudy -f -a '(__understudy_complete)'
`;

export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
};
