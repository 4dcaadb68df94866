package sandbox

// The forms of messages, for their test.
var (
	ReadMessage  = readMessage
	WriteMessage = writeMessage
)
