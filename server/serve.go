package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/pecete/pecete/credentials"
	"github.com/pecete/pecete/csc"
	"github.com/pecete/pecete/csc/v1"
	"github.com/pecete/pecete/internal/failpoint"
	"github.com/pecete/pecete/openapi"
)

// A face is a version of the API as clients see it. That of v2 is the Server.
type face interface {
	house() *Server
	// judge is the contract that requests are judged by.
	judge() *openapi.Contract
	// words says an error of m in the words of the version.
	words(m csc.Method, err error) error
}

func (s *Server) house() *Server                      { return s }
func (s *Server) judge() *openapi.Contract            { return s.Contract }
func (s *Server) words(_ csc.Method, err error) error { return err }

// serve makes a handler of a method: who calls, is the body one by the
// contract, then the method, then its answer or its error.
func serve[Req, Resp any](f face, m csc.Method, method func(context.Context, credentials.Caller, Req) (Resp, error)) gin.HandlerFunc {
	s := f.house()
	return func(c *gin.Context) {
		s.Callers.TellNonce(c.Writer.Header())
		who, err := s.caller(c.Request)
		if err != nil {
			s.fail(c.Writer, c.Request, f.words(m, err))
			return
		}
		note(c.Request.Context(), "client", who.ClientID)
		note(c.Request.Context(), "user", who.UserID)
		if !opens(who.Scope, m) {
			s.fail(c.Writer, c.Request, &refusal{
				status: http.StatusForbidden, told: csc.Fail(csc.UnauthorizedClient, errScope),
			})
			return
		}
		answer(f, m, c, func(ctx context.Context, req Req) (Resp, error) {
			return method(ctx, who, req)
		})
	}
}

// open is serve for a method anybody may call.
func open[Req, Resp any](f face, m csc.Method, method func(context.Context, Req) (Resp, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		if s := f.house(); !s.anonymous(c.Request) {
			s.fail(c.Writer, c.Request, tooMany())
			return
		}
		answer(f, m, c, method)
	}
}

func answer[Req, Resp any](f face, m csc.Method, c *gin.Context, method func(context.Context, Req) (Resp, error)) {
	s := f.house()
	note(c.Request.Context(), "method", string(m))
	req, err := decode[Req](f, m, c.Request)
	if err != nil {
		s.fail(c.Writer, c.Request, f.words(m, err))
		return
	}
	resp, err := method(c.Request.Context(), req)
	if err != nil {
		s.fail(c.Writer, c.Request, f.words(m, err))
		return
	}
	status := statusOf(resp)
	if status == http.StatusNoContent {
		c.Writer.Header().Set("Cache-Control", "no-store")
		c.Writer.WriteHeader(status)
		return
	}
	body, err := json.Marshal(resp)
	if err != nil {
		s.fail(c.Writer, c.Request, fmt.Errorf("encode answer of %s: %w", m, err))
		return
	}
	if m == csc.MethodSignHash {
		failpoint.Half(failpoint.HalfAnswer, c.Writer, body)
	}
	writeJSON(c.Writer, status, body)
}

// statusOf is the status of a good answer: what is not 200 shows in it.
func statusOf(resp any) int {
	switch r := resp.(type) {
	case v1.SendOTPResponse:
		return http.StatusNoContent // v1.0.4.0 §11.8
	case csc.RevokeResponse, csc.DeleteResponse:
		return http.StatusNoContent // §11.3, v2.2 §11.5
	case csc.CreateResponse:
		return http.StatusCreated // v2.2 §11.4
	case csc.ChallengeResponse:
		if r.Challenge == "" {
			return http.StatusNoContent // the signer has it (§11.8)
		}
	case csc.AuthorizeResponse:
		if r.Pending != nil {
			return http.StatusAccepted // §11.6, §11.7
		}
	}
	return http.StatusOK
}

// A documented request has documents in it, which are read apart from the rest.
type documented interface{ SetDocuments(documents [][]byte) }

// decode reads the body as the contract allows it.
func decode[Req any](f face, m csc.Method, r *http.Request) (req Req, err error) {
	if _, has := any(&req).(documented); has {
		return decodeDocuments[Req](f, m, r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return req, unreadable(err)
	}
	if err := jsonContent(r, len(body)); err != nil {
		return req, err
	}
	checked, err := f.judge().Check(m, body)
	if err != nil {
		return req, err
	}
	return openapi.Decode[Req](checked)
}

// decodeDocuments does so without ever having the documents as texts.
func decodeDocuments[Req any](f face, m csc.Method, r *http.Request) (req Req, err error) {
	if err := jsonContent(r, -1); err != nil {
		return req, err
	}
	checked, documents, err := f.judge().CheckFrom(m, r.Body, int(orDefault(f.house().Limits.Body, defaultBody)))
	var told *csc.Error
	if err != nil && !errors.As(err, &told) {
		err = unreadable(err)
	}
	if err != nil {
		return req, err
	}
	if req, err = openapi.Decode[Req](checked); err == nil {
		any(&req).(documented).SetDocuments(documents)
	}
	return req, err
}

// jsonContent demands the media type of §7.1; an empty body needs none.
func jsonContent(r *http.Request, length int) error {
	values := r.Header.Values("Content-Type")
	if len(values) == 0 && length == 0 {
		return nil
	}
	media, params, err := mime.ParseMediaType(strings.Join(values, ","))
	charset, given := params["charset"]
	if err != nil || media != "application/json" || given && !strings.EqualFold(charset, "utf-8") || r.Header.Get("Content-Encoding") != "" {
		return refuse(http.StatusUnsupportedMediaType, err, sayMedia)
	}
	return nil
}

func unreadable(err error) error {
	if passing(err) {
		return err
	}
	var whole *http.MaxBytesError
	var rest *openapi.TooLargeError
	switch {
	case errors.As(err, &whole):
		return refuse(http.StatusRequestEntityTooLarge, err, sayLarge, whole.Limit)
	case errors.As(err, &rest):
		return refuse(http.StatusRequestEntityTooLarge, err, sayLarger, rest.Most)
	}
	return csc.Malformed(err)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // or it would be chunked
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that hung up
}
