# main.sh - the one function that was named, or what the input says.
if [ $# -gt 0 ]; then
	"$@"
	exit
fi
echo "@berth 1"
eval "$(cat)"
