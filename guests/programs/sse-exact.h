/* The instructions of sse-exact.c: name, operands of 64 bits, and what a processor gives for registers and memory. */
XMM(addps, "addps")
XMM(addpd, "addpd")
XMM(addss, "addss")
XMM(addsd, "addsd")
XMM(mulps, "mulps")
XMM(mulpd, "mulpd")
XMM(mulss, "mulss")
XMM(mulsd, "mulsd")
XMM(subps, "subps")
XMM(subpd, "subpd")
XMM(subss, "subss")
XMM(subsd, "subsd")
XMM(minps, "minps")
XMM(minpd, "minpd")
XMM(minss, "minss")
XMM(minsd, "minsd")
XMM(divps, "divps")
XMM(divpd, "divpd")
XMM(divss, "divss")
XMM(divsd, "divsd")
XMM(maxps, "maxps")
XMM(maxpd, "maxpd")
XMM(maxss, "maxss")
XMM(maxsd, "maxsd")
XMM(sqrtps, "sqrtps")
XMM(sqrtpd, "sqrtpd")
XMM(sqrtss, "sqrtss")
XMM(sqrtsd, "sqrtsd")
XMM(cmpeqps, "cmpps $0,")
XMM(cmpeqpd, "cmppd $0,")
XMM(cmpeqss, "cmpss $0,")
XMM(cmpeqsd, "cmpsd $0,")
XMM(cmpltps, "cmpps $1,")
XMM(cmpltpd, "cmppd $1,")
XMM(cmpltss, "cmpss $1,")
XMM(cmpltsd, "cmpsd $1,")
XMM(cmpleps, "cmpps $2,")
XMM(cmplepd, "cmppd $2,")
XMM(cmpless, "cmpss $2,")
XMM(cmplesd, "cmpsd $2,")
XMM(cmpunordps, "cmpps $3,")
XMM(cmpunordpd, "cmppd $3,")
XMM(cmpunordss, "cmpss $3,")
XMM(cmpunordsd, "cmpsd $3,")
XMM(cmpneqps, "cmpps $4,")
XMM(cmpneqpd, "cmppd $4,")
XMM(cmpneqss, "cmpss $4,")
XMM(cmpneqsd, "cmpsd $4,")
XMM(cmpnltps, "cmpps $5,")
XMM(cmpnltpd, "cmppd $5,")
XMM(cmpnltss, "cmpss $5,")
XMM(cmpnltsd, "cmpsd $5,")
XMM(cmpnleps, "cmpps $6,")
XMM(cmpnlepd, "cmppd $6,")
XMM(cmpnless, "cmpss $6,")
XMM(cmpnlesd, "cmpsd $6,")
XMM(cmpordps, "cmpps $7,")
XMM(cmpordpd, "cmppd $7,")
XMM(cmpordss, "cmpss $7,")
XMM(cmpordsd, "cmpsd $7,")
XMM(haddps, "haddps")
XMM(haddpd, "haddpd")
XMM(hsubps, "hsubps")
XMM(hsubpd, "hsubpd")
XMM(addsubps, "addsubps")
XMM(addsubpd, "addsubpd")
XMM(cvtss2sd, "cvtss2sd")
XMM(cvtsd2ss, "cvtsd2ss")
XMM(cvtps2pd, "cvtps2pd")
XMM(cvtpd2ps, "cvtpd2ps")
XMM(cvtps2dq, "cvtps2dq")
XMM(cvttps2dq, "cvttps2dq")
XMM(cvtpd2dq, "cvtpd2dq")
XMM(cvttpd2dq, "cvttpd2dq")
XMM(cvtdq2ps, "cvtdq2ps")
XMM(cvtdq2pd, "cvtdq2pd")
GENERAL(cvtss2si, "cvtss2si")
GENERAL(cvttss2si, "cvttss2si")
GENERAL(cvtsd2si, "cvtsd2si")
GENERAL(cvttsd2si, "cvttsd2si")
ORDER(ucomiss, "ucomiss")
ORDER(comiss, "comiss")
ORDER(ucomisd, "ucomisd")
ORDER(comisd, "comisd")
TO_MMX(cvtps2pi, "cvtps2pi")
TO_MMX(cvttps2pi, "cvttps2pi")
TO_MMX(cvtpd2pi, "cvtpd2pi")
TO_MMX(cvttpd2pi, "cvttpd2pi")
FROM_MMX(cvtpi2ps, "cvtpi2ps")
FROM_MMX(cvtpi2pd, "cvtpi2pd")
FROM_GENERAL(cvtsi2ss, "cvtsi2ssl")
FROM_GENERAL(cvtsi2sd, "cvtsi2sdl")
#define SSE_TESTS \
  {"addps", 0, {addps_r, addps_m}, {0x07c92e42, 0x07c92e42}}, \
  {"addpd", 1, {addpd_r, addpd_m}, {0x5240b2f9, 0x5240b2f9}}, \
  {"addss", 0, {addss_r, addss_m}, {0xaa28f666, 0xaa28f666}}, \
  {"addsd", 1, {addsd_r, addsd_m}, {0x2043da1f, 0x2043da1f}}, \
  {"mulps", 0, {mulps_r, mulps_m}, {0x125c528c, 0x125c528c}}, \
  {"mulpd", 1, {mulpd_r, mulpd_m}, {0x9349048e, 0x9349048e}}, \
  {"mulss", 0, {mulss_r, mulss_m}, {0x7fc4f151, 0x7fc4f151}}, \
  {"mulsd", 1, {mulsd_r, mulsd_m}, {0x74089247, 0x74089247}}, \
  {"subps", 0, {subps_r, subps_m}, {0x9d22d36c, 0x9d22d36c}}, \
  {"subpd", 1, {subpd_r, subpd_m}, {0xb65902fd, 0xb65902fd}}, \
  {"subss", 0, {subss_r, subss_m}, {0x212e2c1a, 0x212e2c1a}}, \
  {"subsd", 1, {subsd_r, subsd_m}, {0x920cded4, 0x920cded4}}, \
  {"minps", 0, {minps_r, minps_m}, {0x5a75ac75, 0x5a75ac75}}, \
  {"minpd", 1, {minpd_r, minpd_m}, {0x32152dcd, 0x32152dcd}}, \
  {"minss", 0, {minss_r, minss_m}, {0xfc637961, 0xfc637961}}, \
  {"minsd", 1, {minsd_r, minsd_m}, {0x1b39b0c9, 0x1b39b0c9}}, \
  {"divps", 0, {divps_r, divps_m}, {0x8e480550, 0x8e480550}}, \
  {"divpd", 1, {divpd_r, divpd_m}, {0x649cf81c, 0x649cf81c}}, \
  {"divss", 0, {divss_r, divss_m}, {0x48b249b5, 0x48b249b5}}, \
  {"divsd", 1, {divsd_r, divsd_m}, {0x740cbc20, 0x740cbc20}}, \
  {"maxps", 0, {maxps_r, maxps_m}, {0x92e89983, 0x92e89983}}, \
  {"maxpd", 1, {maxpd_r, maxpd_m}, {0x3f195078, 0x3f195078}}, \
  {"maxss", 0, {maxss_r, maxss_m}, {0x0d378fb8, 0x0d378fb8}}, \
  {"maxsd", 1, {maxsd_r, maxsd_m}, {0x9411e78f, 0x9411e78f}}, \
  {"sqrtps", 0, {sqrtps_r, sqrtps_m}, {0xaf4040f4, 0xaf4040f4}}, \
  {"sqrtpd", 1, {sqrtpd_r, sqrtpd_m}, {0x34678cf3, 0x34678cf3}}, \
  {"sqrtss", 0, {sqrtss_r, sqrtss_m}, {0x67f75787, 0x67f75787}}, \
  {"sqrtsd", 1, {sqrtsd_r, sqrtsd_m}, {0xbe93c9b6, 0xbe93c9b6}}, \
  {"cmpeqps", 0, {cmpeqps_r, cmpeqps_m}, {0xb0d9f0cc, 0xb0d9f0cc}}, \
  {"cmpeqpd", 1, {cmpeqpd_r, cmpeqpd_m}, {0xb0ac6fde, 0xb0ac6fde}}, \
  {"cmpeqss", 0, {cmpeqss_r, cmpeqss_m}, {0xf8d2c259, 0xf8d2c259}}, \
  {"cmpeqsd", 1, {cmpeqsd_r, cmpeqsd_m}, {0x9e6e49a6, 0x9e6e49a6}}, \
  {"cmpltps", 0, {cmpltps_r, cmpltps_m}, {0xf7299570, 0xf7299570}}, \
  {"cmpltpd", 1, {cmpltpd_r, cmpltpd_m}, {0x39cded74, 0x39cded74}}, \
  {"cmpltss", 0, {cmpltss_r, cmpltss_m}, {0x4b0fc506, 0x4b0fc506}}, \
  {"cmpltsd", 1, {cmpltsd_r, cmpltsd_m}, {0x4501490a, 0x4501490a}}, \
  {"cmpleps", 0, {cmpleps_r, cmpleps_m}, {0xd05e495b, 0xd05e495b}}, \
  {"cmplepd", 1, {cmplepd_r, cmplepd_m}, {0xe06f51c6, 0xe06f51c6}}, \
  {"cmpless", 0, {cmpless_r, cmpless_m}, {0x6ed64f5b, 0x6ed64f5b}}, \
  {"cmplesd", 1, {cmplesd_r, cmplesd_m}, {0x91891b88, 0x91891b88}}, \
  {"cmpunordps", 0, {cmpunordps_r, cmpunordps_m}, {0x537d46f6, 0x537d46f6}}, \
  {"cmpunordpd", 1, {cmpunordpd_r, cmpunordpd_m}, {0xf3efc20e, 0xf3efc20e}}, \
  {"cmpunordss", 0, {cmpunordss_r, cmpunordss_m}, {0xb0b490ec, 0xb0b490ec}}, \
  {"cmpunordsd", 1, {cmpunordsd_r, cmpunordsd_m}, {0x460806ec, 0x460806ec}}, \
  {"cmpneqps", 0, {cmpneqps_r, cmpneqps_m}, {0x3bb003f0, 0x3bb003f0}}, \
  {"cmpneqpd", 1, {cmpneqpd_r, cmpneqpd_m}, {0x49d4096a, 0x49d4096a}}, \
  {"cmpneqss", 0, {cmpneqss_r, cmpneqss_m}, {0x1a288b2d, 0x1a288b2d}}, \
  {"cmpneqsd", 1, {cmpneqsd_r, cmpneqsd_m}, {0x0be2b88e, 0x0be2b88e}}, \
  {"cmpnltps", 0, {cmpnltps_r, cmpnltps_m}, {0xa8cb5938, 0xa8cb5938}}, \
  {"cmpnltpd", 1, {cmpnltpd_r, cmpnltpd_m}, {0x904f23b4, 0x904f23b4}}, \
  {"cmpnltss", 0, {cmpnltss_r, cmpnltss_m}, {0x14694a9e, 0x14694a9e}}, \
  {"cmpnltsd", 1, {cmpnltsd_r, cmpnltsd_m}, {0x4f7d832e, 0x4f7d832e}}, \
  {"cmpnleps", 0, {cmpnleps_r, cmpnleps_m}, {0x03d35aaf, 0x03d35aaf}}, \
  {"cmpnlepd", 1, {cmpnlepd_r, cmpnlepd_m}, {0x0a79da52, 0x0a79da52}}, \
  {"cmpnless", 0, {cmpnless_r, cmpnless_m}, {0x804263d3, 0x804263d3}}, \
  {"cmpnlesd", 1, {cmpnlesd_r, cmpnlesd_m}, {0x8e207168, 0x8e207168}}, \
  {"cmpordps", 0, {cmpordps_r, cmpordps_m}, {0x00857df2, 0x00857df2}}, \
  {"cmpordpd", 1, {cmpordpd_r, cmpordpd_m}, {0x06e04bca, 0x06e04bca}}, \
  {"cmpordss", 0, {cmpordss_r, cmpordss_m}, {0x5addf8fc, 0x5addf8fc}}, \
  {"cmpordsd", 1, {cmpordsd_r, cmpordsd_m}, {0x5b82b280, 0x5b82b280}}, \
  {"haddps", 0, {haddps_r, haddps_m}, {0x0a21b099, 0x0a21b099}}, \
  {"haddpd", 1, {haddpd_r, haddpd_m}, {0x0647b858, 0x0647b858}}, \
  {"hsubps", 0, {hsubps_r, hsubps_m}, {0x8ae0462e, 0x8ae0462e}}, \
  {"hsubpd", 1, {hsubpd_r, hsubpd_m}, {0x0f23fb86, 0x0f23fb86}}, \
  {"addsubps", 0, {addsubps_r, addsubps_m}, {0xba7c66e3, 0xba7c66e3}}, \
  {"addsubpd", 1, {addsubpd_r, addsubpd_m}, {0xa99398ba, 0xa99398ba}}, \
  {"cvtss2sd", 0, {cvtss2sd_r, cvtss2sd_m}, {0xe2fe69d6, 0xe2fe69d6}}, \
  {"cvtsd2ss", 1, {cvtsd2ss_r, cvtsd2ss_m}, {0x1ff1d296, 0x1ff1d296}}, \
  {"cvtps2pd", 0, {cvtps2pd_r, cvtps2pd_m}, {0x7c8e9cf1, 0x7c8e9cf1}}, \
  {"cvtpd2ps", 1, {cvtpd2ps_r, cvtpd2ps_m}, {0xd35d94f1, 0xd35d94f1}}, \
  {"cvtps2dq", 0, {cvtps2dq_r, cvtps2dq_m}, {0x437be3a7, 0x437be3a7}}, \
  {"cvttps2dq", 0, {cvttps2dq_r, cvttps2dq_m}, {0xcf392bb0, 0xcf392bb0}}, \
  {"cvtpd2dq", 1, {cvtpd2dq_r, cvtpd2dq_m}, {0x85d862aa, 0x85d862aa}}, \
  {"cvttpd2dq", 1, {cvttpd2dq_r, cvttpd2dq_m}, {0xc982d567, 0xc982d567}}, \
  {"cvtdq2ps", 0, {cvtdq2ps_r, cvtdq2ps_m}, {0xc5cc5525, 0xc5cc5525}}, \
  {"cvtdq2pd", 0, {cvtdq2pd_r, cvtdq2pd_m}, {0x9522e020, 0x9522e020}}, \
  {"cvtss2si", 0, {cvtss2si_r, cvtss2si_m}, {0xebc0d3f0, 0xebc0d3f0}}, \
  {"cvttss2si", 0, {cvttss2si_r, cvttss2si_m}, {0x730e2f37, 0x730e2f37}}, \
  {"cvtsd2si", 1, {cvtsd2si_r, cvtsd2si_m}, {0x122721d7, 0x122721d7}}, \
  {"cvttsd2si", 1, {cvttsd2si_r, cvttsd2si_m}, {0xa49754eb, 0xa49754eb}}, \
  {"ucomiss", 0, {ucomiss_r, ucomiss_m}, {0x2225a97c, 0x2225a97c}}, \
  {"comiss", 0, {comiss_r, comiss_m}, {0xb8fe2e0f, 0xb8fe2e0f}}, \
  {"ucomisd", 1, {ucomisd_r, ucomisd_m}, {0x3f3b473b, 0x3f3b473b}}, \
  {"comisd", 1, {comisd_r, comisd_m}, {0x10240965, 0x10240965}}, \
  {"cvtps2pi", 0, {cvtps2pi_r, cvtps2pi_m}, {0x3d56c1e3, 0x3d56c1e3}}, \
  {"cvttps2pi", 0, {cvttps2pi_r, cvttps2pi_m}, {0x0353c417, 0x0353c417}}, \
  {"cvtpd2pi", 1, {cvtpd2pi_r, cvtpd2pi_m}, {0x72c478b4, 0x72c478b4}}, \
  {"cvttpd2pi", 1, {cvttpd2pi_r, cvttpd2pi_m}, {0x2cbc1fb6, 0x2cbc1fb6}}, \
  {"cvtpi2ps", 0, {cvtpi2ps_r, cvtpi2ps_m}, {0xedbaa098, 0xedbaa098}}, \
  {"cvtpi2pd", 0, {cvtpi2pd_r, cvtpi2pd_m}, {0x9522e020, 0x9522e020}}, \
  {"cvtsi2ss", 0, {cvtsi2ss_r, cvtsi2ss_m}, {0x74e37e1c, 0x74e37e1c}}, \
  {"cvtsi2sd", 0, {cvtsi2sd_r, cvtsi2sd_m}, {0x62f519e5, 0x62f519e5}}
