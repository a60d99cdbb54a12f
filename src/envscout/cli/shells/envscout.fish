# Completion of envscout for fish. The program itself answers; see envscout completion --help.

function __envscout_complete
    set -l words (commandline -opc)
    set -lx _ENVSCOUT_COMPLETE fish
    set -lx _ENVSCOUT_LINE (commandline -cp | string collect)
    for row in (command $words[1] 2>/dev/null)
        set -l cells (string split \t -- $row)
        switch $cells[1]
            case file
                # What stands before the path in the same word: --output=, sarif=
                set -l head (string match --regex '^.*=' -- (commandline -ct); or echo '')
                for path in (__fish_complete_path (string replace --regex '^.*=' '' -- (commandline -ct)))
                    echo $head$path
                end
            case dir
                __fish_complete_directories (commandline -ct)
            case plain part
                string join \t -- $cells[2..]
        end
    end
end

complete --command envscout --no-files --arguments '(__envscout_complete)'
complete --command docker-scout --no-files --arguments '(__envscout_complete)'
