package cell

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAppendMessage(t *testing.T) {
	m := Message{
		Frame: 26, RAT: LTE, Layer: RRC, Channel: "BCCH-DL-SCH", Direction: Down, PCI: Some[uint16](0), ARFCN: Some[uint32](66486), Log: 0xB0C0,
		Time: time.Date(2026, 6, 1, 0, 0, 2, 600e6, time.UTC), Name: "systemInformation",
		Fields: MessageFields{SIBs: []int{3, 5}, ServingPriority: Some(0), EUTRA: []LayerOffer{{6300, Some(4)}, {100, Opt[int]{}}}, UTRA: []LayerOffer{}},
		Leaves: []string{},
	}
	require.Equal(t, `{"kind":"message","frame":26,"rat":"LTE","layer":"rrc","channel":"BCCH-DL-SCH","direction":"down","pci":0,"arfcn":66486,"log":"b0c0",`+
		`"time":"2026-06-01T00:00:02.600Z","message":"systemInformation","fields":{"sibs":[3,5],"serving_priority":0,"eutra":[[6300,4],[100,null]],"utra":[]},"leaves":[]}`,
		string(AppendMessage(nil, &m)))
	require.Equal(t, `{"kind":"message","rat":"LTE","layer":"nas","fields":{"ciphered":true}}`,
		string(AppendMessage(nil, &Message{RAT: LTE, Layer: NAS, Fields: MessageFields{Ciphered: true}})))
}

// Every field that is set is written, under a name of its own; none that is not.
func TestEveryMessageFieldIsWritten(t *testing.T) {
	require.Equal(t, "{}", string(AppendMessageFields(nil, &MessageFields{})))
	names := map[string]string{}
	kind := reflect.TypeFor[MessageFields]()
	for i := range kind.NumField() {
		var f MessageFields
		switch p := reflect.ValueOf(&f).Elem().Field(i).Addr().Interface().(type) {
		case *Opt[int]:
			*p = Some(0)
		case *Opt[bool]:
			*p = Some(false)
		case *Opt[uint16]:
			*p = Some[uint16](0)
		case *Opt[uint32]:
			*p = Some[uint32](0)
		case *Opt[Band]:
			*p = Some[Band](0)
		case *string:
			*p = "x"
		case *bool:
			*p = true
		case *[]int:
			*p = []int{}
		case *[]string:
			*p = []string{}
		case *[]LayerOffer:
			*p = []LayerOffer{}
		default:
			t.Fatalf("%s: a type that this test does not know", kind.Field(i).Name)
		}
		var got map[string]any
		require.NoError(t, json.Unmarshal(AppendMessageFields(nil, &f), &got))
		require.Len(t, got, 1, kind.Field(i).Name)
		for name := range got {
			if other, taken := names[name]; taken && name != "identity" { // alternative of RRC or number of NAS: never both
				t.Errorf("%s and %s are both written as %q", other, kind.Field(i).Name, name)
			}
			names[name] = kind.Field(i).Name
		}
	}
}
