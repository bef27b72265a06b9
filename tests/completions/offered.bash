# offered.bash LINE: prints what bash offers for the last word of LINE. It splits the line into words and calls the
# function in the way of an interactive shell. What stands before a character that separates words is not offered again,
# so it is added.
source completions/tailcalld.bash
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() rest=$1
while [[ $rest =~ ^[[:space:]]*([^@=:[:space:]]+|[@=:]+)(.*)$ ]]; do
	COMP_WORDS+=("${BASH_REMATCH[1]}") rest=${BASH_REMATCH[2]}
done
[[ $1 != *[[:space:]] ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
current=${COMP_WORDS[COMP_CWORD]}
[[ $current != [@=:] ]] || current=
function=$(complete -p tailcalld)
function=${function##*-F }
function=${function%% *}
$function tailcalld "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
last=${1##*[ =]}
before=
[[ $last != *@* ]] || before=${last%@*}@
[[ -z ${COMPREPLY[*]} ]] || printf "$before%s\\n" "${COMPREPLY[@]}"
