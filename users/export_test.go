package users

// Judged is how many texts were compared with a hash.
func (h *Hasher) Judged() int64 { return h.judged.Load() }
