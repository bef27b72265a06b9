# A page fetched from a server of our own.
echo page >index.html
/usr/bin/python3 -u -m http.server --bind 127.0.0.1 0 >said 2>&1 &
until grep -q 'http://' said; do sleep 0.1; done
port=$(sed -n 's|.*http://127.0.0.1:\([0-9]*\)/.*|\1|p' said)
curl -s "http://127.0.0.1:$port/"
curl -s -I "http://localhost:$port/index.html"
curl -s -f "http://127.0.0.1:$port/none" || true
curl -s --max-time 2 http://127.0.0.1:1/ || true
kill $!
wait || true
