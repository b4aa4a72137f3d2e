package cell

// messageFields reads the fields of a message.
func (d *decoder) messageFields(key []byte, f *MessageFields) error {
	if ok, err := d.opens(key, '{'); !ok {
		return err
	}
	return d.object(func(key []byte) error {
		if n := f.number(string(key)); n != nil {
			return optSignedIn(d, key, n, mostNumber)
		}
		if s := f.label(string(key)); s != nil {
			return d.label(key, s)
		}
		if b := f.flag(string(key)); b != nil {
			return d.optFlag(key, b)
		}
		switch string(key) {
		case "plmns":
			return d.plmns(key, &f.PLMNs)
		case "tac":
			return optUint(d, key, &f.TAC, 1<<16-1)
		case "cell_id":
			return optUint(d, key, &f.CellID, 1<<28-1)
		case "band":
			return optUint(d, key, &f.Band, 4096)
		case "sibs":
			return d.numbers(key, &f.SIBs, 255)
		case "neighbours":
			return d.numbers(key, &f.Neighbours, 1007)
		case "heard":
			return d.numbers(key, &f.Heard, 1007)
		case "eutra":
			return d.offers(key, &f.EUTRA)
		case "utra":
			return d.offers(key, &f.UTRA)
		case "geran":
			return d.offers(key, &f.GERAN)
		case "redirect_arfcn":
			return optUint(d, key, &f.RedirectARFCN, maxARFCN)
		case "ciphered":
			return d.flag(key, &f.Ciphered)
		case "identity": // an alternative of RRC, or a number of NAS
			if d.peek() == '"' {
				return d.label(key, &f.InitialIdentity)
			}
			return optSignedIn(d, key, &f.IdentityType, 255)
		}
		return d.ignore(key)
	})
}

// number is the field of a key whose value is a number.
func (f *MessageFields) number(key string) *Opt[int] {
	switch key {
	case "q_rx_lev_min":
		return &f.QRxLevMin
	case "si_count":
		return &f.SICount
	case "value_tag":
		return &f.ValueTag
	case "serving_priority":
		return &f.ServingPriority
	case "records":
		return &f.Records
	case "imsi_records":
		return &f.IMSIRecords
	case "security":
		return &f.Security
	case "eea":
		return &f.EEA
	case "eia":
		return &f.EIA
	case "imeisv_requested":
		return &f.IMEISVRequested
	case "target_pci":
		return &f.TargetPCI
	case "wait_time":
		return &f.WaitTime
	case "rsrp_index":
		return &f.RSRPIndex
	case "attach_type":
		return &f.AttachType
	case "update_type":
		return &f.UpdateType
	case "result":
		return &f.Result
	case "cause":
		return &f.Cause
	case "detach_up":
		return &f.DetachUp
	case "detach_down":
		return &f.DetachDown
	}
	return nil
}

// label is the field of a key whose value is a word.
func (f *MessageFields) label(key string) *string {
	switch key {
	case "release_cause":
		return &f.ReleaseCause
	case "redirect":
		return &f.Redirect
	case "handover_type":
		return &f.HandoverType
	case "purpose":
		return &f.Purpose
	case "target_rat":
		return &f.TargetRAT
	case "establishment_cause":
		return &f.EstablishmentCause
	case "reestablishment_cause":
		return &f.ReestablishmentCause
	case "last_tai_plmn":
		return &f.LastTAIPLMN
	}
	return nil
}

// flag is the field of a key whose value is true or false.
func (f *MessageFields) flag(key string) *Opt[bool] {
	switch key {
	case "barred":
		return &f.Barred
	case "intra_freq_reselection":
		return &f.IntraFreqReselection
	case "csg":
		return &f.CSG
	case "si_modification":
		return &f.SIModification
	case "idle_priorities":
		return &f.IdlePriorities
	}
	return nil
}
