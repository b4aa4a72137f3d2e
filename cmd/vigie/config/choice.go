package config

import (
	"cmp"

	"vigie/cell"
)

// Choice is what the command line says of the modems to use; it wins over the configuration.
type Choice struct {
	Ports, USB []string // devices, and USB identities
	Family     string
	Sensor     string
	Mode       cell.Mode
}

// Choose applies a choice: the modems that it names take the place of those in the configuration.
func (c *Config) Choose(o Choice) {
	if named := len(o.Ports) + len(o.USB); named > 0 {
		like := c.Modem[0]
		like.Port, like.USB = "", ""
		if len(c.Modem) > 1 || named > 1 {
			like.Sensor = "" // it names another one
		}
		c.Modem = nil
		for _, port := range o.Ports {
			like.Port, like.USB = port, ""
			c.Modem = append(c.Modem, like)
		}
		for _, id := range o.USB {
			like.Port, like.USB = "", id
			c.Modem = append(c.Modem, like)
		}
	}
	if o.Family != "" {
		for i := range c.Modem {
			c.Modem[i].Family = o.Family
		}
	}
	if o.Sensor != "" {
		c.Sensor = o.Sensor
		if len(c.Modem) == 1 {
			c.Modem[0].Sensor = ""
		}
	}
	c.Mode = cmp.Or(o.Mode, c.Mode, cell.Mobile)
}
