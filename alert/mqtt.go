package alert

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"vigie/storage"
)

// mqtt publishes to a broker, and through it to Home Assistant. The topics under PREFIX (default vigie) are
//
//	PREFIX/CLIENT/status    online; set to offline by the broker when the connection is lost; retained
//	PREFIX/SENSOR/anomaly   ON while there is one; retained
//	PREFIX/SENSOR/severity  of the most severe one, or none; retained
//	PREFIX/SENSOR/blind     ON while nothing is received; retained
//	PREFIX/SENSOR/event     each message as JSON, with event_type; not retained
//
// and, under homeassistant/, the retained discovery messages. One goroutine keeps the connection.
type mqtt struct {
	address           *url.URL
	prefix, discovery string      // discovery is empty for none
	clientID          string      // MQTT client identifier
	testOnly          bool        // for a test message: another client identifier, and no presence
	tls               *tls.Config // nil: without TLS
	onConnect         func()      // called after each connect; may be nil

	mu        sync.Mutex
	states    []SensorState
	gone      []string        // sensors of which nothing is to be left at the broker
	cleared   map[string]bool // those of which nothing is
	client    *paho.Client
	attempted chan struct{} // closed after the first attempt to connect
	lastErr   error         // of the last attempt, while client is nil
	announced map[string]bool
	changed   chan struct{} // states has changed

	stop context.CancelFunc
	done chan struct{}
}

// newMQTT reads the address of a broker. It does not connect. Its errors contain no part of the address.
func newMQTT(d Destination, up func()) (*mqtt, error) {
	q := d.url.Query()
	m := &mqtt{address: d.url, prefix: strings.Trim(d.url.Path, "/"), discovery: q.Get("discovery"), clientID: q.Get("client"), onConnect: up,
		attempted: make(chan struct{}), changed: make(chan struct{}, 1)}
	m.prefix, m.discovery = cmp.Or(m.prefix, "vigie"), cmp.Or(m.discovery, "homeassistant")
	if m.discovery == "none" {
		m.discovery = ""
	}
	if strings.ContainsAny(m.prefix+m.discovery+m.clientID, "+#$\x00") {
		return nil, errors.New("prefix, discovery and client are names without + # $")
	}
	if m.clientID == "" {
		m.clientID = "vigie-" + hostID()
	}
	for key := range q {
		if key != "discovery" && key != "client" && key != "ca" {
			return nil, &hinted{errors.New("the address has a key that MQTT does not know"), "client, discovery and ca are the keys there are"}
		}
	}
	if d.url.Scheme == "mqtts" {
		m.tls = &tls.Config{ServerName: d.url.Hostname(), MinVersion: tls.VersionTLS12}
		if file := q.Get("ca"); file != "" {
			pem, err := os.ReadFile(file)
			if err != nil {
				return nil, errors.New("the file that ca names cannot be read")
			}
			m.tls.RootCAs = x509.NewCertPool()
			if !m.tls.RootCAs.AppendCertsFromPEM(pem) {
				return nil, errors.New("the file that ca names holds no certificate (PEM)")
			}
		}
	}
	return m, nil
}

// hostID is a short identifier of this computer that is stable and reveals nothing about it: a keyed hash, as machine-id(5) asks for.
// The host name would be visible on somebody else's broker.
func hostID() string {
	id, err := os.ReadFile("/etc/machine-id")
	if id = bytes.TrimSpace(id); err != nil || len(id) == 0 {
		return strings.ToLower(rand.Text()[:8])
	}
	sum := hmac.New(sha256.New, id)
	sum.Write([]byte("vigie mqtt client"))
	return hex.EncodeToString(sum.Sum(nil)[:4])
}

func (m *mqtt) start(ctx context.Context) {
	ctx, m.stop = context.WithCancel(ctx)
	m.done = make(chan struct{})
	go m.run(ctx)
}

// close disconnects from the broker, waiting for a second at most.
func (m *mqtt) close() {
	m.stop()
	<-m.done
}

// run keeps the connection until ctx ends, and connects again after each failure.
func (m *mqtt) run(ctx context.Context) {
	defer close(m.done)
	for failures := 0; ctx.Err() == nil; {
		client, conn, err := m.connect(ctx)
		if err == nil {
			failures = 0
			err = m.serve(ctx, client)
			conn.Close()
			<-client.Done()
		}
		failures++
		if err == nil {
			err = errors.New("the connection was closed")
		}
		m.set(nil, err)
		select {
		case <-time.After(min(storage.Backoff(failures, err), time.Minute)):
		case <-ctx.Done():
		}
	}
}

// set records the connection, or the error that ended it.
func (m *mqtt) set(client *paho.Client, why error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.client == nil && m.lastErr == nil {
		close(m.attempted)
	}
	m.client, m.lastErr = client, why
}

func (m *mqtt) connect(ctx context.Context) (*paho.Client, net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	port := cmp.Or(m.address.Port(), map[bool]string{true: "8883", false: "1883"}[m.tls != nil])
	host := net.JoinHostPort(m.address.Hostname(), port)
	var conn net.Conn
	var err error
	if m.tls != nil {
		conn, err = (&tls.Dialer{Config: m.tls}).DialContext(ctx, "tcp", host)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", host)
	}
	if err != nil {
		return nil, nil, err
	}
	conn = packets.NewThreadSafeConn(conn)
	hello := &paho.Connect{ClientID: m.clientID, CleanStart: true, KeepAlive: 30,
		WillMessage: &paho.WillMessage{Topic: m.status(), Payload: []byte("offline"), Retain: true, QoS: 1}}
	if m.testOnly {
		hello.ClientID, hello.WillMessage = m.clientID+"-test", nil
	}
	client := paho.NewClient(paho.ClientConfig{ClientID: hello.ClientID, Conn: conn, PacketTimeout: 10 * time.Second})
	if u := m.address.User; u != nil {
		password, given := u.Password()
		hello.UsernameFlag, hello.Username = true, u.Username()
		hello.PasswordFlag, hello.Password = given, []byte(password)
	}
	if answer, err := client.Connect(ctx, hello); err != nil {
		conn.Close()
		if answer != nil && answer.ReasonCode >= 0x80 {
			return nil, nil, connectRefused(answer.ReasonCode)
		}
		return nil, nil, err
	}
	return client, conn, nil
}

// connectRefused is the reason code with which a broker refused the connection (MQTT 5, clause 3.2.2.2).
type connectRefused byte

func (r connectRefused) Error() string {
	switch r {
	case packets.ConnackBadUsernameOrPassword:
		return "the broker does not accept the user name or password"
	case packets.ConnackNotAuthorized:
		return "the broker says not authorized"
	}
	return fmt.Sprintf("the broker refused the connection, reason %#02x", byte(r))
}

// serve publishes presence, and then each change of state, until the connection ends.
func (m *mqtt) serve(ctx context.Context, client *paho.Client) error {
	m.mu.Lock()
	m.announced = map[string]bool{}
	m.mu.Unlock()
	if err := m.publishPresence(ctx, client, "online"); err != nil {
		return err
	}
	if err := m.publishStates(ctx, client); err != nil {
		return err
	}
	m.set(client, nil)
	if m.onConnect != nil {
		m.onConnect()
	}
	for {
		select {
		case <-client.Done():
			return errors.New("the connection was lost")
		case <-m.changed:
			if err := m.publishStates(ctx, client); err != nil {
				return err
			}
		case <-ctx.Done():
			bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = m.publishPresence(bye, client, "offline")
			return client.Disconnect(&paho.Disconnect{})
		}
	}
}

// publishPresence publishes "online" or "offline". A test message does not: it says nothing about the watch.
func (m *mqtt) publishPresence(ctx context.Context, client *paho.Client, is string) error {
	if m.testOnly {
		return nil
	}
	return m.publish(ctx, client, m.status(), is, true)
}

// show sets the states to publish, and the sensors of which nothing is to be left. It never blocks.
func (m *mqtt) show(now []SensorState, gone []string) {
	m.mu.Lock()
	same := slices.Equal(m.states, now) && slices.Equal(m.gone, gone)
	m.states, m.gone = now, gone
	m.mu.Unlock()
	if same {
		return
	}
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

func (m *mqtt) publishStates(ctx context.Context, client *paho.Client) error {
	m.mu.Lock()
	now, gone := m.states, m.gone
	m.mu.Unlock()
	for _, sensor := range gone {
		if err := m.clear(ctx, client, sensor); err != nil {
			return err
		}
	}
	for _, s := range now {
		if err := m.announce(ctx, client, s.Sensor); err != nil {
			return err
		}
		severity := "none"
		if s.Anomaly {
			severity = s.Severity.String()
		}
		for what, value := range map[string]string{"anomaly": onOff(s.Anomaly), "blind": onOff(s.Blind), "severity": severity} {
			if err := m.publish(ctx, client, m.topic(s.Sensor, what), value, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// clear removes what is retained of a sensor that is gone, once: an empty message does that (MQTT 5, clause 3.3.1.3), and has Home
// Assistant forget the device.
func (m *mqtt) clear(ctx context.Context, client *paho.Client, sensor string) error {
	if m.cleared[sensor] {
		return nil
	}
	for _, what := range []string{"anomaly", "blind", "severity"} {
		if err := m.publish(ctx, client, m.topic(sensor, what), "", true); err != nil {
			return err
		}
	}
	if m.discovery != "" {
		for _, where := range discoveryTopics(sensor) {
			if err := m.publish(ctx, client, m.discovery+"/"+where+"/config", "", true); err != nil {
				return err
			}
		}
	}
	if m.cleared == nil {
		m.cleared = map[string]bool{}
	}
	m.cleared[sensor] = true
	return nil
}

// discoveryTopics are where the discovery messages of a sensor are, by what they are about.
func discoveryTopics(sensor string) map[string]string {
	id := "vigie_" + slug(sensor)
	return map[string]string{"anomaly": "binary_sensor/" + id + "/anomaly", "blind": "binary_sensor/" + id + "/blind",
		"severity": "sensor/" + id + "/severity", "event": "event/" + id + "/event"}
}

func onOff(b bool) string { return map[bool]string{true: "ON", false: "OFF"}[b] }

func (m *mqtt) send(ctx context.Context, msg Message) error {
	select {
	case <-m.attempted:
	case <-ctx.Done():
		return ctx.Err()
	}
	m.mu.Lock()
	client, why := m.client, m.lastErr
	m.mu.Unlock()
	if client == nil {
		return why
	}
	if err := m.announce(ctx, client, msg.Sensor); err != nil {
		return err
	}
	body, err := json.Marshal(struct {
		EventType Kind `json:"event_type"`
		Message
	}{msg.Kind, msg})
	if err != nil {
		return err
	}
	return m.publish(ctx, client, m.topic(msg.Sensor, "event"), string(body), false)
}

// announce publishes the discovery messages of a sensor for Home Assistant, once per connection.
func (m *mqtt) announce(ctx context.Context, client *paho.Client, sensor string) error {
	m.mu.Lock()
	done := m.announced[slug(sensor)]
	m.mu.Unlock()
	if done || m.discovery == "" {
		return nil
	}
	id := "vigie_" + slug(sensor)
	type object = map[string]any
	about := func(name, what string, more object) object {
		o := object{"name": name, "unique_id": id + "_" + what, "state_topic": m.topic(sensor, what), "availability_topic": m.status(),
			"device": object{"identifiers": []string{id}, "name": "Vigie " + clean(sensor), "manufacturer": "Vigie"}, "origin": object{"name": "Vigie"}}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	for what, o := range map[string]object{
		"anomaly":  about("Anomaly", "anomaly", object{"device_class": "safety"}),
		"blind":    about("Blind", "blind", object{"device_class": "problem", "entity_category": "diagnostic"}),
		"severity": about("Severity", "severity", object{"device_class": "enum", "options": []string{"none", "info", "low", "medium", "high"}}),
		"event": about("Message", "event", object{"event_types": []Kind{Opened, Escalated, Repeated, Closed, Blind, Seeing, Health, Clock,
			Test, Summary}}),
	} {
		body, err := json.Marshal(o)
		if err != nil {
			return err
		}
		if err := m.publish(ctx, client, m.discovery+"/"+discoveryTopics(sensor)[what]+"/config", string(body), true); err != nil {
			return err
		}
	}
	m.mu.Lock()
	m.announced[slug(sensor)] = true
	m.mu.Unlock()
	return nil
}

func (m *mqtt) status() string                   { return m.prefix + "/" + slug(m.clientID) + "/status" }
func (m *mqtt) topic(sensor, what string) string { return m.prefix + "/" + slug(sensor) + "/" + what }

// publish returns when the broker has acknowledged the message (QoS 1), after ten seconds at most.
func (m *mqtt) publish(ctx context.Context, client *paho.Client, topic, value string, retain bool) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	go func() { // the library waits for an acknowledgement even after the connection is lost
		select {
		case <-client.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	answer, err := client.Publish(ctx, &paho.Publish{Topic: topic, Payload: []byte(value), QoS: 1, Retain: retain})
	switch {
	case err == nil && answer != nil && answer.ReasonCode >= 0x80:
		return fmt.Errorf("the broker did not accept it, reason %#02x", answer.ReasonCode)
	case errors.Is(err, context.Canceled):
		return errors.New("the connection was lost")
	}
	return err
}

// slug makes a name that is valid in a topic and in Home Assistant. Different names stay different.
func slug(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, name)
	if s == name && s != "" && len(s) <= 40 {
		return s
	}
	sum := sha256.Sum256([]byte(name))
	return strings.Trim(s[:min(len(s), 30)]+"_"+hex.EncodeToString(sum[:3]), "_")
}
