package hsm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/miekg/pkcs11"
)

// signHot signs with a copy of the key if there is one, and sees to it that a
// key that signs often has one. A copy that C_SignInit refuses was no good, and
// the original is asked; nothing has been signed then.
func (s *session) signHot(k objectKey, original object, b block) ([]byte, error) {
	c := &s.token.copies
	if c.limit == 0 {
		return s.signBlock(b, original.handle)
	}
	if d := c.borrow(k, s.epoch); d != nil {
		signature, err := s.signBlock(b, d.object.handle)
		c.giveBack(d)
		if err == nil {
			return signature, nil
		}
		c.drop(k)
		s.sweep()
		if s.broken {
			return nil, err
		}
	}
	signature, err := s.signBlock(b, original.handle)
	if err != nil {
		c.drop(k)
		return nil, err
	}
	if !c.prove(k) && original.fate.uses.Add(1) >= hot && !original.fate.single.Load() {
		s.duplicate(k, original)
	}
	return signature, nil
}

// duplicate makes a copy, unless another is being made, or somebody who was quicker
// made it, or there is no room, or the device makes none of this key, or another key
// than it was asked for.
func (s *session) duplicate(k objectKey, original object) {
	c := &s.token.copies
	if !c.making.TryLock() {
		return
	}
	defer c.making.Unlock()
	if c.has(k) || !c.room() {
		return
	}
	s.sweep()
	made, err := s.copyOf(k, original)
	if err != nil {
		original.fate.single.Store(true)
		s.token.conf.Logger.LogAttrs(context.Background(), slog.LevelDebug, "hsm key is used without a copy",
			slog.String("key", fmt.Sprintf("%x", k.id)), slog.String("error", err.Error()))
		return
	}
	c.add(k, made)
}

// copyOf has the standing session make a copy, and reads it back: it must be
// guarded as its original is. The making lock must be held.
func (s *session) copyOf(k objectKey, original object) (object, error) {
	standing := &session{token: s.token, p11: s.p11, handle: s.token.here.Load().anchor, epoch: s.epoch}
	template := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false)}
	handle, err := s.p11.CopyObject(standing.handle, original.handle, template)
	if err != nil {
		return object{}, fmt.Errorf("copy key: %w", err)
	}
	attributes, err := standing.attributes(handle)
	if err == nil {
		want := signOnly()
		want.Token, want.Modifiable = false, attributes.Modifiable
		err = attributes.differ(want)
	}
	if err == nil && string(attributes.ID) != k.id {
		err = fmt.Errorf("%w: the copy is of key %x", ErrAttributes, attributes.ID)
	}
	if err != nil {
		return object{}, errors.Join(err, s.p11.DestroyObject(standing.handle, handle))
	}
	return object{handle: handle, epoch: s.epoch}, nil
}

// sweep destroys copies that have ended, if this is still their epoch.
func (s *session) sweep() {
	for _, d := range s.token.copies.over() {
		if d.object.epoch == s.epoch {
			_ = s.p11.DestroyObject(s.handle, d.object.handle) // it may be gone already
		}
	}
}
