package ades

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rand"
	"crypto/rc4"
	"encoding/binary"
	"fmt"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// A stringCipher encrypts the strings of one object as the file's standard
// security handler does (ISO 32000-2 §7.6.3); nil leaves them as they are.
type stringCipher func(plain []byte) ([]byte, error)

// stringCipher gives the cipher for the strings of an object; each has a key of
// its own up to AES-128.
func (d *Document) stringCipher(number, generation int) (stringCipher, error) {
	if d.ctx.Encrypt == nil {
		return nil, nil
	}
	method, err := d.stringMethod()
	if err != nil {
		return nil, err
	}
	key := d.ctx.EncKey
	if len(key) == 0 {
		return nil, ErrEncryption
	}
	if method != "AESV3" {
		object := binary.LittleEndian.AppendUint32(nil, uint32(number))[:3]
		object = binary.LittleEndian.AppendUint16(object, uint16(generation))
		salted := append(append([]byte{}, key...), object...)
		if method == "AESV2" {
			salted = append(salted, "sAlT"...)
		}
		hash := md5.Sum(salted)
		key = hash[:min(len(key)+5, 16)]
	}
	if method == "V2" {
		return func(plain []byte) ([]byte, error) { return encryptRC4(key, plain) }, nil
	}
	return func(plain []byte) ([]byte, error) { return encryptAES(key, plain) }, nil
}

// stringMethod is the method of the crypt filter for strings, V2 (RC4), AESV2 or
// AESV3. A file that encrypts its streams but not its strings is not supported.
func (d *Document) stringMethod() (string, error) {
	encrypt, err := d.Dict(*d.ctx.Encrypt)
	if err != nil {
		return "", err
	}
	if filter := encrypt.NameEntry("Filter"); filter == nil || *filter != "Standard" {
		return "", fmt.Errorf("%w: not by the standard security handler", ErrEncryption)
	}
	version := encrypt.IntEntry("V")
	if version != nil && (*version == 1 || *version == 2) {
		return "V2", nil
	}
	filters, err := d.Dict(encrypt["CF"])
	if err != nil {
		return "", err
	}
	if name := encrypt.NameEntry("StrF"); name != nil && filters != nil {
		filter, err := d.Dict(filters[*name])
		if err != nil {
			return "", err
		}
		if method := filter.NameEntry("CFM"); method != nil && (*method == "V2" || *method == "AESV2" || *method == "AESV3") {
			return *method, nil
		}
	}
	return "", fmt.Errorf("%w: by an unknown crypt filter", ErrEncryption)
}

func encryptRC4(key, plain []byte) ([]byte, error) {
	c, err := rc4.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncryption, err)
	}
	out := make([]byte, len(plain))
	c.XORKeyStream(out, plain)
	return out, nil
}

// encryptAES is CBC with a random vector in front and PKCS #7 padding.
func encryptAES(key, plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncryption, err)
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	out := make([]byte, aes.BlockSize+len(plain)+pad)
	if _, err := rand.Read(out[:aes.BlockSize]); err != nil {
		return nil, fmt.Errorf("draw an initialization vector: %w", err)
	}
	n := copy(out[aes.BlockSize:], plain)
	for i := aes.BlockSize + n; i < len(out); i++ {
		out[i] = byte(pad)
	}
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], out[aes.BlockSize:])
	return out, nil
}

// encrypted is o with all its strings encrypted; o itself is not touched.
func (c stringCipher) encrypted(o types.Object) (types.Object, error) {
	if c == nil {
		return o, nil
	}
	var plain []byte
	var err error
	switch o := o.(type) {
	case types.Dict:
		out := types.NewDict()
		for key, value := range o {
			if out[key], err = c.encrypted(value); err != nil {
				return nil, err
			}
		}
		return out, nil
	case types.Array:
		out := make(types.Array, len(o))
		for i, value := range o {
			if out[i], err = c.encrypted(value); err != nil {
				return nil, err
			}
		}
		return out, nil
	case types.StringLiteral:
		plain, err = types.Unescape(o.Value())
	case types.HexLiteral:
		plain, err = o.Bytes()
	default:
		return o, nil
	}
	if err != nil {
		return nil, damaged("a string cannot be read")
	}
	secret, err := c(plain)
	if err != nil {
		return nil, err
	}
	return types.NewHexLiteral(secret), nil
}
