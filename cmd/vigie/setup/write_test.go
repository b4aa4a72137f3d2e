package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// The undo file tells whether a secret was changed, and holds no hash of it that could be looked up or guessed quickly.
func TestUndoFileHoldsNoBareHash(t *testing.T) {
	const secret = "some words\n"
	var w, again written
	w.note(file{path: passphrasePath, text: secret, secret: true})
	again.note(file{path: passphrasePath, text: secret, secret: true})
	require.True(t, w.is([]byte(secret)))
	require.False(t, w.is([]byte("other words\n")))
	require.NotEqual(t, w.Salted, again.Salted)
	text, err := json.Marshal(w)
	require.NoError(t, err)
	for _, s := range []string{secret, "some words"} {
		sum := sha256.Sum256([]byte(s))
		require.NotContains(t, string(text), hex.EncodeToString(sum[:]))
	}
	var plain written
	plain.note(file{path: configPath, text: "x"})
	require.True(t, plain.is([]byte("x")))
	require.False(t, plain.is([]byte("y")))
	require.Empty(t, plain.Salted)
}
