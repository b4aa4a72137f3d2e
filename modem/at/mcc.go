package at

import "strings"

// allocated are the mobile country codes that ITU-T E.212 assigns, by their first digit, and those of test networks: an IMSI begins with
// one. A range stands for codes without a gap.
const allocated = "001 202 204 206 208 212-214 216 218-222 225 226 228 230-232 234 235 238 240 242 244 246-248 250 255 257 259 260 262 266 268 " +
	"270 272 274 276 278 280 282-284 286 288-290 292-295 297 302 308 310-316 330 332 334 338 340 342 344 346 348 350 352 354 356 358 360 " +
	"362-366 368 370 372 374 376 400-402 404-406 410 412-422 424-432 434 436-438 440 441 450 452 454-457 460 461 466 467 470 472 502 505 " +
	"510 514 515 520 525 528 530 536 537 539-555 602-655 657-659 702 704 706 708 710 712 714 716 722 724 730 732 734 736 738 740 742 744 " +
	"746 748 750 901 902 991 995 999"

// mccs is allocated as a table.
var mccs = func() (table [1000]bool) {
	number := func(s string) int { return int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0') }
	for word := range strings.FieldsSeq(allocated) {
		for n := number(word[:3]); n <= number(word[len(word)-3:]); n++ {
			table[n] = true
		}
	}
	return table
}()

// isMCC reports whether digits begin with a mobile country code that is in use.
func isMCC(digits string) bool {
	return len(digits) >= 3 && isDigits(digits[:3]) && mccs[int(digits[0]-'0')*100+int(digits[1]-'0')*10+int(digits[2]-'0')]
}
