package airtest

// Measure asks a terminal to measure a channel of LTE as object and measurement 1, which Measurement reports.
func Measure(earfcn int) RRC {
	return Dedicated("rrcConnectionReconfiguration", Seq{"measConfig": Seq{
		"measObjectToAddModList": List{Seq{"measObjectId": 1, "measObject": Seq{"measObjectEUTRA": Seq{
			"carrierFreq": earfcn, "allowedMeasBandwidth": "mbw50", "presenceAntennaPort1": true, "neighCellConfig": Bits(2, 1),
		}}}},
		"measIdToAddModList": List{Seq{"measId": 1, "measObjectId": 1, "reportConfigId": 1}},
	}})
}
