# newest.sh FOLDER code USER OBJECT, newest.sh FOLDER link USER: prints the code,
# or the link, of the newest message to a user in the outbox of a server.
set -eu
column=3
[ "${4:-}" = EMAIL ] && column=2
to=$(awk -v user="$3" -v column="$column" '$1 == user { print $column }' "$1/addresses")
for file in "$1/outbox/"*" $to."*; do :; done # the last one in order
case $2 in
code) # of a mail the line that is nothing else: a credential's id may have six digits too
	case $file in
	*.eml) grep -Eo '^ +[0-9]{6}' "$file" | tr -d ' ' ;;
	*) grep -Eo '(^|[^0-9])[0-9]{6}([^0-9]|$)' "$file" | grep -Eo '[0-9]{6}' ;;
	esac | head -n 1 ;;
link) grep -Eo 'https://[^ ]+/approve\?i=[A-Za-z0-9_-]+' "$file" ;;
esac
