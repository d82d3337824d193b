// peer.go - the durable peer: the same job in Go with Redis (appendfsync always), as quick as that can plainly be made.
//
// A form is accepted (read whole, parsed, looked over), stored and put in line in one MULTI, and answered 202 when Redis
// has synced it; a worker in the same process takes whole batches from the line, scores them, stores the results and
// takes them off the line in one MULTI; GET answers the status. Commands of all requests share a few connections and
// are written in bulk, so that one sync of Redis serves many: its group commit. No nginx in front, no duplicates found,
// no revisions, events, listings or totals: what it does not do is in its favour.
//
// Usage: peer -listen ADDRESS -redis SOCKET. Only Debian's Go and its standard library.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	connections = 32
	atOnce      = 256
	prefix      = "/v1/submissions"
)

// ---- Redis: RESP by hand, many callers on one connection ----

type call struct {
	request []byte
	replies int
	got     []interface{}
	err     error
	done    chan struct{}
}

type redis struct {
	calls []chan *call
	next  uint32
}

func command(out []byte, words ...string) []byte {
	out = append(out, '*')
	out = strconv.AppendInt(out, int64(len(words)), 10)
	for _, word := range words {
		out = append(out, "\r\n$"...)
		out = strconv.AppendInt(out, int64(len(word)), 10)
		out = append(out, "\r\n"...)
		out = append(out, word...)
	}
	return append(out, "\r\n"...)
}

func readReply(in *bufio.Reader) (interface{}, error) {
	line, err := in.ReadString('\n')
	if err != nil || len(line) < 3 {
		return nil, errors.New("redis has ended")
	}
	rest := line[1 : len(line)-2]
	switch line[0] {
	case '+':
		return rest, nil
	case '-':
		return nil, errors.New(rest)
	}
	n, err := strconv.Atoi(rest)
	if err != nil || line[0] == ':' {
		return n, err
	}
	if n < 0 {
		return nil, nil
	}
	if line[0] == '*' {
		items := make([]interface{}, n)
		for i := range items {
			if items[i], err = readReply(in); err != nil {
				return nil, err
			}
		}
		return items, nil
	}
	text := make([]byte, n+2)
	_, err = io.ReadFull(in, text)
	return string(text[:n]), err
}

func dial(socket string) *redis {
	r := &redis{}
	for i := 0; i < connections; i++ {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			log.Fatal(err)
		}
		calls, under := make(chan *call, 4096), make(chan *call, 65536)
		r.calls = append(r.calls, calls)
		go func() {
			out := bufio.NewWriterSize(conn, 1<<20)
			for c := range calls {
				out.Write(c.request)
				under <- c
				if len(calls) == 0 && out.Flush() != nil {
					log.Fatal("redis has ended")
				}
			}
		}()
		go func() {
			in := bufio.NewReaderSize(conn, 1<<18)
			for c := range under {
				for len(c.got) < c.replies {
					reply, err := readReply(in)
					if err != nil {
						c.err = err
					}
					c.got = append(c.got, reply)
				}
				close(c.done)
			}
		}()
	}
	return r
}

func (r *redis) do(request []byte, replies int) ([]interface{}, error) {
	c := &call{request: request, replies: replies, done: make(chan struct{})}
	r.calls[atomic.AddUint32(&r.next, 1)%connections] <- c
	<-c.done
	return c.got, c.err
}

// ---- the form ----

type indicator struct {
	Level1, Level2, Level3, Target, Actual json.RawMessage
	Weight, Score                          json.RawMessage
}

type form struct {
	Year          json.RawMessage
	Project       string `json:"project_name"`
	Department    string
	Unit          string
	Funds         map[string]map[string]json.RawMessage
	Indicators    []indicator
	DeclaredTotal json.RawMessage `json:"declared_total"`
}

// Numbers as JSON numbers or as texts, with or without a percent sign.
func value(cell json.RawMessage) (float64, bool) {
	text := strings.Trim(string(cell), `"`)
	text = strings.TrimSuffix(strings.TrimLeft(text, "≥≤=><"), "%")
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

func parse(body []byte) (*form, error) {
	f := &form{}
	if err := json.Unmarshal(body, f); err != nil {
		return nil, err
	}
	weights := 0.0
	for i := range f.Indicators {
		weight, ok := value(f.Indicators[i].Weight)
		if !ok && string(f.Indicators[i].Weight) != "null" {
			return nil, errors.New("a weight is no number")
		}
		weights += weight
	}
	if f.Project == "" || f.Unit == "" || len(f.Indicators) == 0 || weights > 100 {
		return nil, errors.New("a member is missing, or the weights are too much")
	}
	return f, nil
}

type line struct {
	Level3                               json.RawMessage `json:"level3"`
	Weight, Declared, Computed, Confirms string
}

type result struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	Project    string `json:"project_name"`
	Unit       string `json:"unit"`
	Department string `json:"department"`
	Declared   string `json:"declared_total"`
	Computed   string `json:"computed_total"`
	Grade      string `json:"grade"`
	Indicators []line `json:"indicators"`
}

func score(id string, f *form) []byte {
	r := result{ID: id, Status: "scored", Project: f.Project, Unit: f.Unit, Department: f.Department, Grade: "差"}
	total := 0.0
	for i := range f.Indicators {
		row := &f.Indicators[i]
		weight, _ := value(row.Weight)
		declared, _ := value(row.Score)
		computed := declared
		target, known := value(row.Target)
		actual, both := value(row.Actual)
		if known && both && target > 0 {
			computed = weight * actual / target
			if computed > weight {
				computed = weight
			}
		}
		total += computed
		r.Indicators = append(r.Indicators, line{row.Level3, fmt.Sprintf("%.2f", weight), fmt.Sprintf("%.2f", declared),
			fmt.Sprintf("%.2f", computed), fmt.Sprintf("%.2f", computed)})
	}
	if total >= 90 {
		r.Grade = "优"
	}
	declared, _ := value(f.DeclaredTotal)
	r.Declared, r.Computed = fmt.Sprintf("%.2f", declared), fmt.Sprintf("%.2f", total)
	text, err := json.Marshal(r)
	if err != nil {
		log.Fatal(err)
	}
	return text
}

// ---- the service ----

type peer struct {
	redis  *redis
	poke   chan struct{}
	scored uint64
}

func newID() string {
	var bytes [16]byte
	if _, err := rand.Read(bytes[6:]); err != nil {
		log.Fatal(err)
	}
	now := uint64(time.Now().UnixMilli())
	for i := 0; i < 6; i++ {
		bytes[i] = byte(now >> (40 - 8*i))
	}
	return hex.EncodeToString(bytes[:])
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func (p *peer) submit(w http.ResponseWriter, r *http.Request) {
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		answer(w, 400, `{"error":"body"}`)
		return
	}
	f, err := parse(body)
	if err != nil {
		answer(w, 422, `{"error":"form"}`)
		return
	}
	id := newID()
	request := make([]byte, 0, len(body)+256)
	request = command(request, "MULTI")
	request = command(request, "SET", "f:"+id, string(body))
	request = command(request, "RPUSH", "line", id)
	request = command(request, "EXEC")
	if _, err := p.redis.do(request, 4); err != nil {
		answer(w, 503, `{"error":"store"}`)
		return
	}
	select {
	case p.poke <- struct{}{}:
	default:
	}
	w.Header().Set("Location", prefix+"/"+id)
	answer(w, 202, fmt.Sprintf(`{"id":%q,"status":"queued","project_name":%q,"unit":%q}`, id, f.Project, f.Unit))
}

func (p *peer) status(w http.ResponseWriter, id string) {
	request := command(nil, "GET", "r:"+id)
	got, err := p.redis.do(request, 1)
	if err != nil {
		answer(w, 503, `{"error":"store"}`)
		return
	}
	if text, ok := got[0].(string); ok {
		answer(w, 200, text)
		return
	}
	if got, err = p.redis.do(command(nil, "EXISTS", "f:"+id), 1); err == nil && got[0] == 1 {
		answer(w, 200, `{"id":"`+id+`","status":"queued"}`)
		return
	}
	answer(w, 404, `{"error":"unknown"}`)
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == "POST" && r.URL.Path == prefix && r.ContentLength > 0 && r.ContentLength < 1<<18:
		p.submit(w, r)
	case r.Method == "GET" && strings.HasPrefix(r.URL.Path, prefix+"/"):
		p.status(w, r.URL.Path[len(prefix)+1:])
	case r.Method == "GET" && r.URL.Path == "/scored":
		answer(w, 200, strconv.FormatUint(atomic.LoadUint64(&p.scored), 10))
	default:
		answer(w, 404, `{"error":"unknown"}`)
	}
}

// Scores the front of the line; false when it is empty. Killed in between, it does the same batch again.
func (p *peer) scoreSome() bool {
	got, err := p.redis.do(command(nil, "LRANGE", "line", "0", strconv.Itoa(atOnce-1)), 1)
	if err != nil {
		log.Fatal(err)
	}
	ids := got[0].([]interface{})
	if len(ids) == 0 {
		return false
	}
	keys := []string{"MGET"}
	for _, id := range ids {
		keys = append(keys, "f:"+id.(string))
	}
	if got, err = p.redis.do(command(nil, keys...), 1); err != nil {
		log.Fatal(err)
	}
	words := []string{"MSET"}
	for i, body := range got[0].([]interface{}) {
		f, err := parse([]byte(body.(string)))
		if err != nil {
			log.Fatal(err)
		}
		id := ids[i].(string)
		words = append(words, "r:"+id, string(score(id, f)))
	}
	request := command(command(nil, "MULTI"), words...)
	request = command(request, "LTRIM", "line", strconv.Itoa(len(ids)), "-1")
	if _, err = p.redis.do(command(request, "EXEC"), 4); err != nil {
		log.Fatal(err)
	}
	atomic.AddUint64(&p.scored, uint64(len(ids)))
	return true
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8081", "where to listen")
	socket := flag.String("redis", "redis.sock", "Redis's socket")
	flag.Parse()
	p := &peer{redis: dial(*socket), poke: make(chan struct{}, 1)}
	go func() {
		for {
			if !p.scoreSome() {
				<-p.poke
			}
		}
	}()
	log.Fatal(http.ListenAndServe(*listen, p))
}
