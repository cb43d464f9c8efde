"""The scripts that make a shell ask `cryptpad-tui __complete` at a Tab: text, with nothing secret in it."""

from __future__ import annotations

from typing import Final

_BASH: Final = r"""
_cryptpad_tui_complete() {
    local kind value about
    COMPREPLY=()
    while IFS=$'\t' read -r kind value about; do
        case $kind in
            plain) COMPREPLY+=("$value") ;;
            file) compopt -o default 2>/dev/null ;;
            dir) compopt -o dirnames 2>/dev/null ;;
        esac
    done < <(COMP_LINE=${COMP_LINE:0:COMP_POINT} COMP_WORD=${COMP_WORDS[COMP_CWORD]} \
        command cryptpad-tui __complete bash 2>/dev/null)
}
complete -F _cryptpad_tui_complete cryptpad-tui
"""
_ZSH: Final = r"""
#compdef cryptpad-tui
_cryptpad_tui_complete() {
    local kind value about
    local -a values shown
    while IFS=$'\t' read -r kind value about; do
        case $kind in
            plain) values+=("$value"); shown+=("$value${about:+  -- $about}") ;;
            file) _files ;;
            dir) _files -/ ;;
        esac
    done < <(COMP_LINE="${(j: :)words[1,CURRENT-1]} ${QIPREFIX}${IPREFIX}${PREFIX}" \
        command cryptpad-tui __complete zsh 2>/dev/null)
    (( $#values )) && compadd -l -d shown -a values
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _cryptpad_tui_complete "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _cryptpad_tui_complete cryptpad-tui
fi
"""
_FISH: Final = r"""
function __cryptpad_tui_complete
    for line in (env COMP_LINE=(commandline -cp) cryptpad-tui __complete fish 2>/dev/null)
        set -l parts (string split -m 2 \t -- $line)
        switch $parts[1]
            case plain
                printf '%s\t%s\n' $parts[2] $parts[3]
            case file
                __fish_complete_path (commandline -ct)
            case dir
                __fish_complete_directories (commandline -ct)
        end
    end
end
complete -c cryptpad-tui -f -k -a '(__cryptpad_tui_complete)'
"""
SCRIPTS: Final = {"bash": _BASH.strip(), "zsh": _ZSH.strip(), "fish": _FISH.strip()}
