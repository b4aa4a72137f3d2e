package modem

import _ "embed"

// UdevRules is 70-vigie.rules, the udev file that keeps ModemManager off the AT ports of the modems in Models and
// gives the group vigie access to them. `vigie probe` prints it; packages install it.
//
//go:embed 70-vigie.rules
var UdevRules string
