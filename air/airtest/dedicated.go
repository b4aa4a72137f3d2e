package airtest

// Release ends a connection; redirect is nil or of RedirectGSM, RedirectUMTS or RedirectLTE.
func Release(cause string, redirect Seq) RRC {
	ies := Seq{"releaseCause": cause}
	if redirect != nil {
		ies["redirectedCarrierInfo"] = redirect
	}
	return Dedicated("rrcConnectionRelease", ies)
}

// RedirectGSM sends a terminal to a channel of GSM 1800.
func RedirectGSM(arfcn int) Seq { return Seq{"geran": gsm(arfcn)} }

// RedirectUMTS sends a terminal to a channel of UMTS (FDD).
func RedirectUMTS(uarfcn int) Seq { return Seq{"utra-FDD": uarfcn} }

// RedirectLTE sends a terminal to another channel of LTE.
func RedirectLTE(earfcn int) Seq { return Seq{"eutra": earfcn} }

// SecurityMode switches on security with these algorithms.
func SecurityMode(eea, eia int) RRC {
	return Dedicated("securityModeCommand", Seq{"securityConfigSMC": Seq{"securityAlgorithmConfig": Algorithms(eea, eia)}})
}

// Reconfiguration changes a connection; NAS messages may be in it.
func Reconfiguration(nas ...[]byte) RRC {
	ies := Seq{}
	if len(nas) > 0 {
		all := List{}
		for _, m := range nas {
			all = append(all, m)
		}
		ies["dedicatedInfoNASList"] = all
	}
	return Dedicated("rrcConnectionReconfiguration", ies)
}

// Handover sends a terminal to another cell of LTE, with these algorithms.
func Handover(pci, eea, eia int) RRC {
	return Dedicated("rrcConnectionReconfiguration", Seq{
		"mobilityControlInfo": Seq{
			"targetPhysCellId": pci, "t304": "ms100", "newUE-Identity": Bits(16, 0xC0DE),
			"radioResourceConfigCommon": Seq{
				"prach-Config": Seq{"rootSequenceIndex": 22}, "ul-CyclicPrefixLength": "len1",
				"pusch-ConfigCommon": Seq{
					"pusch-ConfigBasic":        Seq{"n-SB": 1, "hoppingMode": "interSubFrame", "pusch-HoppingOffset": 1, "enable64QAM": true},
					"ul-ReferenceSignalsPUSCH": Seq{"groupHoppingEnabled": false, "groupAssignmentPUSCH": 0, "sequenceHoppingEnabled": false, "cyclicShift": 0},
				},
			},
		},
		"securityConfigHO": Seq{"handoverType": Seq{"intraLTE": Seq{
			"securityAlgorithmConfig": Algorithms(eea, eia), "keyChangeIndicator": false, "nextHopChainingCount": 1,
		}}},
	})
}

// HandoverTo sends a terminal to another system: "geran", "utra" or "cdma2000-1XRTT".
func HandoverTo(rat string) RRC {
	return Dedicated("mobilityFromEUTRACommand", Seq{"cs-FallbackIndicator": false, "purpose": Seq{
		"handover": Seq{"targetRAT-Type": rat, "targetRAT-MessageContainer": []byte{0x06, 0x2B}}}})
}

// CellChangeOrder sends a terminal to a cell of GSM 1800.
func CellChangeOrder(arfcn int) RRC {
	return Dedicated("mobilityFromEUTRACommand", Seq{"cs-FallbackIndicator": false, "purpose": Seq{"cellChangeOrder": Seq{
		"t304": "ms1000", "targetRAT-Type": Seq{"geran": Seq{
			"physCellId":  Seq{"networkColourCode": Bits(3, 1), "baseStationColourCode": Bits(3, 2)},
			"carrierFreq": Seq{"arfcn": arfcn, "bandIndicator": "dcs1800"},
		}}}}})
}

// Request asks for a connection, as a terminal that has a TMSI.
func Request(cause string) RRC {
	return C1("UL-CCCH", "rrcConnectionRequest", Seq{"criticalExtensions": Seq{"rrcConnectionRequest-r8": Seq{
		"ue-Identity": Seq{"s-TMSI": TMSI(0xC0000000)}, "establishmentCause": cause, "spare": Bits(1, 0)}}})
}

// RequestUnknown asks for a connection, as a terminal that has no TMSI here.
func RequestUnknown(cause string) RRC {
	return C1("UL-CCCH", "rrcConnectionRequest", Seq{"criticalExtensions": Seq{"rrcConnectionRequest-r8": Seq{
		"ue-Identity": Seq{"randomValue": Bits(40, 0xC0DEC0DE01)}, "establishmentCause": cause, "spare": Bits(1, 0)}}})
}

// Reject refuses a connection for 1 to 16 seconds.
func Reject(seconds int) RRC {
	return C1("DL-CCCH", "rrcConnectionReject", Seq{"criticalExtensions": Seq{"c1": Seq{"rrcConnectionReject-r8": Seq{"waitTime": seconds}}}})
}

// Reestablish asks for the connection back that was lost to a cell.
func Reestablish(pci int, cause string) RRC {
	return C1("UL-CCCH", "rrcConnectionReestablishmentRequest", Seq{"criticalExtensions": Seq{"rrcConnectionReestablishmentRequest-r8": Seq{
		"ue-Identity":          Seq{"c-RNTI": Bits(16, 0xC0DE), "physCellId": pci, "shortMAC-I": Bits(16, 0xC0DE)},
		"reestablishmentCause": cause, "spare": Bits(2, 0)}}})
}

// Measurement reports the level of the serving cell, as the index of TS 36.133 clause 9.1.4, and the neighbours that are heard.
func Measurement(rsrpIndex int, pcis ...int) RRC {
	results := Seq{"measId": 1, "measResultPCell": Seq{"rsrpResult": rsrpIndex, "rsrqResult": 20}}
	if len(pcis) > 0 {
		all := List{}
		for _, pci := range pcis {
			all = append(all, Seq{"physCellId": pci, "measResult": Seq{"rsrpResult": rsrpIndex}})
		}
		results["measResultNeighCells"] = Seq{"measResultListEUTRA": all}
	}
	return C1("UL-DCCH", "measurementReport", Seq{"criticalExtensions": Seq{"c1": Seq{"measurementReport-r8": Seq{"measResults": results}}}})
}

// NASDown carries a NAS message to a terminal.
func NASDown(nas []byte) RRC {
	return Dedicated("dlInformationTransfer", Seq{"dedicatedInfoType": Seq{"dedicatedInfoNAS": nas}})
}

// NASUp carries a NAS message to the network.
func NASUp(nas []byte) RRC {
	return C1("UL-DCCH", "ulInformationTransfer", Seq{"criticalExtensions": Seq{"c1": Seq{"ulInformationTransfer-r8": Seq{
		"dedicatedInfoType": Seq{"dedicatedInfoNAS": nas}}}}})
}
