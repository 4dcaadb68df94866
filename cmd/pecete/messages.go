package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/login"
	"github.com/pecete/pecete/notify"
	"github.com/pecete/pecete/onetime"
	"github.com/pecete/pecete/portal"
	"github.com/pecete/pecete/users"
)

// MailConfig says how mails leave. There are none if it is absent.
type MailConfig struct {
	Server   string `yaml:"server"`   // host:port
	Security string `yaml:"security"` // starttls if absent, tls, or none on this machine
	User     string `yaml:"user"`
	Password string `yaml:"password"` // file
	From     string `yaml:"from"`
	CA       string `yaml:"ca"` // PEM; the system's authorities if absent
}

// SMSConfig says how SMS leave, by an HTTP request to a gateway. There are none
// if it is absent.
type SMSConfig struct {
	URL           string            `yaml:"url"`
	Form          string            `yaml:"form"` // json if absent, or form
	To            string            `yaml:"to"`   // the names of the two fields
	Text          string            `yaml:"text"`
	Fields        map[string]string `yaml:"fields"`        // others
	Authorization string            `yaml:"authorization"` // file with the value of the header
	Prefixes      []string          `yaml:"prefixes"`      // of numbers that are sent to; all if absent
}

// checkMessages says what is wrong with how messages leave, without opening
// files.
func (c *Config) checkMessages() error {
	if c.Outbox != "" && (c.Mail.Server != "" || c.SMS.URL != "") {
		return errors.New("outbox is set beside mail or sms: what is kept in a folder is not sent")
	}
	if c.Mail.Server != "" {
		if err := c.mail(c.Mail).Check(); err != nil {
			return fmt.Errorf("mail: %w", err)
		}
	}
	if c.SMS.URL != "" {
		if err := c.gateway(c.SMS).Check(); err != nil {
			return fmt.Errorf("sms: %w", err)
		}
	}
	return nil
}

func (*Config) mail(m MailConfig) notify.SMTP {
	return notify.SMTP{Server: m.Server, Security: m.Security, User: m.User, From: m.From}
}

func (*Config) gateway(s SMSConfig) notify.Gateway {
	return notify.Gateway{URL: s.URL, Form: s.Form, To: s.To, Text: s.Text, Fields: s.Fields, Prefixes: s.Prefixes}
}

// post is how messages leave.
func (c *Config) post() (p notify.Post, err error) {
	if c.Outbox != "" {
		from := cmp.Or(c.Mail.From, "pecete@localhost")
		return notify.Post{
			Mail: notify.Folder{Path: c.path(c.Outbox), From: from, Now: now},
			SMS:  notify.Folder{Path: c.path(c.Outbox), SMS: true, Now: now},
		}, nil
	}
	if c.Mail.Server != "" {
		if p.Mail, err = c.smtp(); err != nil {
			return p, err
		}
	}
	if c.SMS.URL != "" {
		gateway := c.gateway(c.SMS)
		if c.SMS.Authorization != "" {
			if gateway.Authorization, err = c.secret(c.SMS.Authorization); err != nil {
				return p, err
			}
		}
		p.SMS = gateway
	}
	return p, nil
}

func (c *Config) smtp() (s notify.SMTP, err error) {
	s = c.mail(c.Mail)
	if c.Mail.Password != "" {
		if s.Password, err = c.secret(c.Mail.Password); err != nil {
			return s, err
		}
	}
	if c.Mail.CA != "" {
		text, err := os.ReadFile(c.path(c.Mail.CA))
		if err != nil {
			return s, forOperator(fmt.Errorf("mail.ca: %w", err))
		}
		if s.Roots = x509.NewCertPool(); !s.Roots.AppendCertsFromPEM(text) {
			return s, forOperator(errors.New("mail.ca has no certificate"))
		}
	}
	return s, nil
}

// challenges are what signers are asked for beyond what they have with them.
func (h *house) challenges(tickets onetime.Store) (*credentials.Challenges, error) {
	post, err := h.config.post()
	if err != nil {
		return nil, err
	}
	steps, err := h.config.key(h.config.Steps)
	if err != nil {
		return nil, err
	}
	return credentials.NewChallenges(credentials.Challenges{
		Store: tickets, Key: derived(steps, "challenges"), Post: post, From: h.config.About.Name, Now: now,
		Messages: h.config.Limits.Messages, Counter: h.counter, ApproveURL: h.config.URL + login.ApprovePath,
		ClientName: h.clientName,
	}), nil
}

func (h *house) clientName(ctx context.Context, id string) (string, error) {
	client, err := h.registry.Client(ctx, id)
	return client.Name, err
}

// owners tells signers what became of their certificates.
func (h *house) owners() (credentials.Teller, error) {
	post, err := h.config.post()
	return credentials.Teller{
		Store: h.registry, Users: h.registry, Post: post, From: h.config.About.Name,
		URL: h.config.URL + portal.SecurityPath, ClientName: h.clientName,
	}, err
}

// reaches says what a signer would have to have for these factors, and does not.
func (h *house) reaches(user users.User, factors credentials.Factors) error {
	post, err := h.config.post()
	if err != nil {
		return err
	}
	if ids := factors.Unreachable(post, user); len(ids) > 0 {
		return fmt.Errorf("%s: nothing can be sent to the signer in this way: see mail and sms in the configuration, and signer phone", ids[0])
	}
	return nil
}
