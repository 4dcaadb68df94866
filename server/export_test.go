package server

import "net/http"

// Inside is how many requests of a kind are worked on.
func (s *Server) Inside(of string) int { return s.door.gates[kind(of)].Inside() }

// TurnAway is what is answered where there is no place.
func (s *Server) TurnAway(w http.ResponseWriter, r *http.Request) { s.turnAway(w, r, kindOther) }

// SetBodies changes the limit of all bodies.
func (s *Server) SetBodies(most int64) { s.door.shelf.Most = most }
