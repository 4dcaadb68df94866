package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/pecete/pecete/csc"
)

// The ways in which the connection to a mail server is protected.
const (
	StartTLS = "starttls" // begun in clear, and no further than that without TLS
	TLS      = "tls"      // from its beginning (RFC 8314)
	Clear    = "none"     // only to this very machine
)

// sendTimeout bounds the sending of one message.
const sendTimeout = 10 * time.Second

// SMTP sends mails through a server that knows us.
type SMTP struct {
	Server   string // host:port
	Security string // StartTLS if ""
	// User and Password are for SMTP AUTH, which is left out without a User. They
	// are never sent in clear.
	User     string
	Password csc.Secret
	From     string // an address, with or without a name
	// Roots vouch for the server; those of the system if nil.
	Roots *x509.CertPool
	// Timeout bounds the sending of one mail; 10 s if zero.
	Timeout time.Duration
}

var _ Sender = SMTP{}

// Send sends a mail.
func (s SMTP) Send(ctx context.Context, m Message) error {
	letter, err := s.letter(m)
	if err != nil {
		return err
	}
	var line net.Conn
	client, err := s.client(func(conn net.Conn) { line = conn })
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Timeout, sendTimeout))
	defer cancel()
	if err := deliver(ctx, client, letter); err != nil {
		if line != nil {
			_ = line.Close() // the library leaves it open
		}
		return &UnavailableError{fmt.Errorf("mail server %s: %w", s.Server, nameless(err))}
	}
	return nil
}

func deliver(ctx context.Context, client *mail.Client, letter *mail.Msg) error {
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err = client.SendWithSMTPClient(conn, letter)
	_ = client.CloseWithSMTPClient(conn) // what was taken is taken
	return err
}

// nameless leaves out of an error whom the mail was for.
func nameless(err error) error {
	var sent *mail.SendError
	if errors.As(err, &sent) {
		return fmt.Errorf("%s, code %d", sent.Reason, sent.ErrorCode())
	}
	return err
}

// letter is the mail as it is sent.
func (s SMTP) letter(m Message) (*mail.Msg, error) {
	if err := m.checkMail(); err != nil {
		return nil, err
	}
	letter := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := letter.From(s.From); err != nil {
		return nil, fmt.Errorf("sender of mails: %w", err)
	}
	if err := letter.To(m.To); err != nil {
		return nil, fmt.Errorf("%w: not one address", ErrMessage)
	}
	letter.Subject(m.Subject)
	letter.SetDate()
	letter.SetMessageID()
	if m.ID != "" {
		_, host, _ := strings.Cut(letter.GetFromString()[0], "@")
		letter.SetMessageIDWithValue(m.ID + "@" + strings.TrimSuffix(host, ">"))
	}
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody answers
	letter.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		letter.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	return letter, nil
}

// Check says what is wrong with the settings.
func (s SMTP) Check() error {
	if _, err := s.client(func(net.Conn) {}); err != nil {
		return err
	}
	if err := mail.NewMsg().From(s.From); err != nil {
		return errors.New("notify: the sender of mails is no address")
	}
	return nil
}

// client is one for one mail, and tells of its connection.
func (s SMTP) client(opened func(net.Conn)) (*mail.Client, error) {
	host, port, err := net.SplitHostPort(s.Server)
	number, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || host == "" {
		return nil, fmt.Errorf("notify: the mail server is %q, not host:port", s.Server)
	}
	config := &tls.Config{ServerName: host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	dialer, policy, err := s.protection(host, config)
	if err != nil {
		return nil, err
	}
	options := []mail.Option{
		mail.WithPort(int(number)), mail.WithTimeout(cmp.Or(s.Timeout, sendTimeout)), mail.WithTLSConfig(config), mail.WithTLSPolicy(policy),
		mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err == nil {
				opened(conn)
			}
			return conn, err
		}),
	}
	if s.User != "" {
		// The best that the server has; the last two insist on TLS.
		known := mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256PLUS, mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin)
		options = append(options, mail.WithUsername(s.User), mail.WithPassword(string(s.Password)), known)
	}
	return mail.NewClient(host, options...)
}

// A dialer opens connections.
type dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// protection is how the connection to host begins, and what must follow.
func (s SMTP) protection(host string, config *tls.Config) (dialer, mail.TLSPolicy, error) {
	switch s.Security {
	case StartTLS, "":
		return &net.Dialer{}, mail.TLSMandatory, nil
	case TLS:
		return &tls.Dialer{Config: config}, mail.NoTLS, nil
	case Clear:
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) || s.User != "" {
			return nil, mail.NoTLS, errors.New("notify: without TLS the mail server must be on this machine, and is told no password")
		}
		return &net.Dialer{}, mail.NoTLS, nil
	}
	return nil, mail.NoTLS, fmt.Errorf("notify: the protection of mail is %q, not %s, %s or %s", s.Security, StartTLS, TLS, Clear)
}
