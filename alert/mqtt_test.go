package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/storage"
)

// broker is a real mosquitto, which keeps its port when it restarts.
type broker struct {
	t    *testing.T
	file string
	host string
	cmd  *exec.Cmd
}

func startBroker(t *testing.T) *broker {
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto"
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("SKIPPED: MQTT against a real broker, for lack of mosquitto. This provides it: apt-get install mosquitto")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &broker{t: t, host: l.Addr().String(), file: filepath.Join(t.TempDir(), "mosquitto.conf")}
	l.Close()
	_, port, _ := net.SplitHostPort(b.host)
	passwords := filepath.Join(filepath.Dir(b.file), "passwords")
	require.NoError(t, os.WriteFile(passwords, nil, 0o600))
	out, err := exec.Command("mosquitto_passwd", "-b", passwords, "vigie", "pa55word").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.WriteFile(b.file, fmt.Appendf(nil, "listener %s 127.0.0.1\nallow_anonymous false\npassword_file %s\nuser root\n", port, passwords), 0o600))
	b.start(path)
	t.Cleanup(b.kill)
	return b
}

func (b *broker) start(path string) {
	b.cmd = exec.Command(path, "-c", b.file)
	require.NoError(b.t, b.cmd.Start())
	require.Eventually(b.t, func() bool {
		c, err := net.Dial("tcp", b.host)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, 20*time.Second, 10*time.Millisecond)
}

func (b *broker) kill() {
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
}

// heard is what a subscriber to all topics receives.
type heard struct {
	mu   sync.Mutex
	last map[string]string // by topic
	n    int               // publications
	ids  []string          // of messages, in order
}

func (b *broker) listen(h *heard) {
	conn, err := net.Dial("tcp", b.host)
	require.NoError(b.t, err)
	c := paho.NewClient(paho.ClientConfig{Conn: conn, OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.last[p.Packet.Topic] = string(p.Packet.Payload)
		h.n++
		if strings.HasSuffix(p.Packet.Topic, "/event") {
			var m Message
			_ = json.Unmarshal(p.Packet.Payload, &m)
			h.ids = append(h.ids, m.ID)
		}
		return true, nil
	}}})
	_, err = c.Connect(ctx, &paho.Connect{ClientID: "test", CleanStart: true, KeepAlive: 30, UsernameFlag: true, Username: "vigie", PasswordFlag: true, Password: []byte("pa55word")})
	require.NoError(b.t, err)
	_, err = c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "#", QoS: 1}}})
	require.NoError(b.t, err)
	b.t.Cleanup(func() { conn.Close() })
}

func (h *heard) of(topic string) string { h.mu.Lock(); defer h.mu.Unlock(); return h.last[topic] }

func (h *heard) messages() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.ids...)
}

func eventually(t *testing.T, ok func() bool, what string) {
	t.Helper()
	require.Eventually(t, ok, 30*time.Second, 10*time.Millisecond, what)
}

func TestMQTT(t *testing.T) {
	b := startBroker(t)
	s, err := storage.Open(ctx, "", storage.Options{Memory: true, Create: true})
	require.NoError(t, err)
	defer s.Close()
	var log sync.Map
	a, err := New(s, Options{To: place(t, "mqtt://vigie:pa55word@"+b.host+"/home/lookout?client=roof"), Log: func(l string) { log.Store(l, true) }})
	require.NoError(t, err)
	running, cancel := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- a.Follow(running) }()
	h := &heard{last: map[string]string{}}
	b.listen(h)
	eventually(t, func() bool { return h.of("home/lookout/roof/status") == "online" }, "it says that it is there")

	put := func(id string, sev analyzer.Severity, state analyzer.State) {
		require.NoError(t, s.PutEvents(ctx, *event(id, sev, state, time.Now().UTC())))
	}
	put("a", analyzer.High, analyzer.Open)
	eventually(t, func() bool { return h.of("home/lookout/roof-1/anomaly") == "ON" && len(h.messages()) == 1 }, "an anomaly")
	eventually(t, func() bool { return h.of("home/lookout/roof-1/severity") == "high" }, "how grave")
	eventually(t, func() bool { return h.of("home/lookout/roof-1/blind") == "OFF" }, "it sees")
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(h.of("home/lookout/roof-1/event")), &m))
	require.Equal(t, "opened", m["event_type"])
	require.Equal(t, "roof-1: anomaly, severity high", m["title"])

	var config map[string]any // Home Assistant's discovery
	require.NoError(t, json.Unmarshal([]byte(h.of("homeassistant/binary_sensor/vigie_roof-1/anomaly/config")), &config))
	require.Equal(t, "home/lookout/roof-1/anomaly", config["state_topic"])
	require.Equal(t, "home/lookout/roof/status", config["availability_topic"])
	require.Equal(t, "safety", config["device_class"])
	require.Equal(t, "vigie_roof-1_anomaly", config["unique_id"])
	for _, topic := range []string{"binary_sensor/vigie_roof-1/blind", "sensor/vigie_roof-1/severity", "event/vigie_roof-1/event"} {
		require.NotEmpty(t, h.of("homeassistant/"+topic+"/config"), topic)
	}

	put("a", analyzer.High, analyzer.Closed)
	eventually(t, func() bool { return h.of("home/lookout/roof-1/anomaly") == "OFF" && len(h.messages()) == 2 }, "a machine hears the end too")

	// What has not changed is not published again.
	seen := func() int { h.mu.Lock(); defer h.mu.Unlock(); return h.n }
	before := seen()
	for i := range 50 {
		require.NoError(t, s.Append(ctx, &cell.Observation{Time: noon.Add(time.Duration(i) * time.Second), Sensor: "roof-1"}))
	}
	put("b", analyzer.High, analyzer.Open)
	eventually(t, func() bool { return h.of("home/lookout/roof-1/severity") == "high" && len(h.messages()) == 3 }, "after them")
	eventually(t, func() bool { return h.of("home/lookout/roof-1/anomaly") == "ON" }, "after them")
	require.Less(t, seen()-before, 20, "of 50 observations")
	put("b", analyzer.High, analyzer.Closed)
	eventually(t, func() bool { return len(h.messages()) == 4 }, "its end")

	// The broker dies while things happen.
	b.kill()
	for i := range 3 {
		put(fmt.Sprint("dark", i), analyzer.Medium, analyzer.Open)
	}
	eventually(t, func() bool { return len(a.Status()) == 1 && a.Status()[0].Problem != "" }, "that it is away is noticed")
	b.start(b.cmd.Path)
	again := &heard{last: map[string]string{}}
	b.listen(again)
	eventually(t, func() bool { return len(again.messages()) >= 3 }, "nothing is lost")
	eventually(t, func() bool { return again.of("home/lookout/roof-1/anomaly") == "ON" }, "and states are right again")
	put("after", analyzer.Medium, analyzer.Open)
	eventually(t, func() bool { return len(again.messages()) >= 4 }, "life goes on")
	require.Equal(t, []string{"dark0 opened medium", "dark1 opened medium", "dark2 opened medium", "after opened medium"}, again.messages(), "each once, in order")

	eventually(t, func() bool { return a.Status()[0].Waiting == 0 }, "and the broker's word for it is noted")
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	eventually(t, func() bool { return again.of("home/lookout/roof/status") == "offline" }, "it says goodbye")
	log.Range(func(l, _ any) bool {
		require.NotContains(t, l, "pa55word")
		return true
	})

	t.Run("restarted: nothing is reported twice", func(t *testing.T) {
		a, err := New(s, Options{To: place(t, "mqtt://vigie:pa55word@"+b.host+"/home/lookout?client=roof")})
		require.NoError(t, err)
		running, cancel := context.WithCancel(ctx)
		done := make(chan error)
		go func() { done <- a.Follow(running) }()
		put("third", analyzer.Medium, analyzer.Open)
		eventually(t, func() bool { return len(again.messages()) >= 5 }, "the new one")
		require.Equal(t, "third opened medium", again.messages()[4])
		require.Len(t, again.messages(), 5)
		cancel()
		<-done
	})

	t.Run("killed, the broker says so", func(t *testing.T) {
		m, err := newMQTT(place(t, "mqtt://vigie:pa55word@"+b.host+"/home/lookout?client=bag")[0], nil)
		require.NoError(t, err)
		c, conn, err := m.connect(ctx)
		require.NoError(t, err)
		require.NoError(t, m.publish(ctx, c, m.status(), "online", true))
		conn.Close() // without DISCONNECT
		eventually(t, func() bool { return again.of("home/lookout/bag/status") == "offline" }, "the last will")
	})

	t.Run("the default client identifier reveals nothing", func(t *testing.T) {
		host, err := os.Hostname()
		require.NoError(t, err)
		m, other := outletOf(t, "mqtt://"+b.host).mqtt, outletOf(t, "mqtt://"+b.host).mqtt
		require.Regexp(t, "^vigie-[0-9a-z]{8}$", m.clientID)
		require.NotContains(t, m.clientID, host)
		if id, err := os.ReadFile("/etc/machine-id"); err == nil && len(id) > 8 {
			require.Equal(t, m.clientID, other.clientID, "the same at every start")
			require.NotContains(t, string(id), m.clientID[len("vigie-"):])
		}
	})

	t.Run("wrong password", func(t *testing.T) {
		out := outletOf(t, "mqtt://vigie:s3cret@"+b.host)
		_, _, err := out.mqtt.connect(ctx)
		require.ErrorContains(t, out.redact(err), "the broker ")
		hunt(t, out, out.redact(err).Error())
	})

	t.Run("a test message", func(t *testing.T) {
		a, err := New(nil, Options{To: place(t, "home mqtt://vigie:pa55word@"+b.host+"/p?discovery=none&client=x")})
		require.NoError(t, err)
		require.NoError(t, a.Test(ctx, "", "roof+/#1", func(to string, err error) {
			require.Equal(t, "home", to)
			require.NoError(t, err)
		}))
		require.Empty(t, again.of("p/x/status"), "whether a watch is there is not for a test to say")
		eventually(t, func() bool { return strings.Contains(again.of("p/"+slug("roof+/#1")+"/event"), `"event_type":"test"`) }, "under a topic that is one")
		require.Error(t, a.Test(ctx, "nobody", "roof", func(string, error) {}))
	})
}
