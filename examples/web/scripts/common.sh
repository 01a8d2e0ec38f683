# What the other scripts share. Each host has a folder of its own: the one the
# agent was started in, which is also its HOME. The files "port" and "settings"
# there are the host's own configuration.
cd "$HOME" || exit 1
PORT=$(cat port 2>/dev/null || echo 8080)
PIDFILE=$HOME/web.pid

# web_server prints the command of a small web server: the one the host is
# configured with, or one that most machines have.
web_server() {
	if [ -f web-server ]; then
		echo "$(cat web-server) example-web --listen 127.0.0.1:$PORT --dir web"
	elif command -v busybox >/dev/null && busybox --list | grep -q '^httpd$'; then
		echo "busybox httpd -f -p 127.0.0.1:$PORT -h web"
	elif command -v python3 >/dev/null; then
		echo "python3 -m http.server --bind 127.0.0.1 --directory web $PORT"
	else
		echo "no web server found: install busybox or python3" >&2
		return 1
	fi
}

# get prints what the web server answers for a path.
get() {
	if [ -f web-server ]; then
		$(cat web-server) example-web --get "http://127.0.0.1:$PORT$1"
	elif command -v curl >/dev/null; then
		curl -fsS --max-time 2 "http://127.0.0.1:$PORT$1"
	else
		wget -q -T 2 -O - "http://127.0.0.1:$PORT$1"
	fi
}
