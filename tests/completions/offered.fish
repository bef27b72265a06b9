# offered.fish LINE: prints what fish offers for the last word of LINE, without descriptions.
source completions/tailcalld.fish
complete -C "$argv[1]" | string replace -r '\t.*' ''
