package proctest

import "sync"

// A transcript collects output and tells whoever waits that there is more.
type transcript struct {
	mu    sync.Mutex
	text  []byte
	grown chan struct{} // closed, and replaced, when text grows
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	close(t.grown)
	t.grown = make(chan struct{})
	return len(b), nil
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// growth returns a channel that is closed at the next Write.
func (t *transcript) growth() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.grown
}
