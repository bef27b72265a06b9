//! Texts of strace 7.2 for the same bytes, but for names of interfaces, which are numbers here.

use super::*;

const ROUTE: Option<u16> = Some(0);
const DIAG: Option<u16> = Some(4);
const AUDIT: Option<u16> = Some(9);
const FILTER: Option<u16> = Some(12);
const GENERIC: Option<u16> = Some(16);

/// A message with the number 7.
fn message(kind: u16, flags: u16, body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let mut bytes = (16 + body.len() as u32).to_ne_bytes().to_vec();
    [kind, flags].iter().for_each(|half| bytes.extend(half.to_ne_bytes()));
    bytes.extend(words(&[7, 0]));
    bytes.extend(body);
    bytes
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [4 + value.len() as u16, kind].map(u16::to_ne_bytes).concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn printed(protocol: Option<u16>, bytes: &[u8], is_cut: bool) -> String {
    let mut out = String::new();
    messages(protocol, bytes, is_cut, Abi::Native, &mut out);
    out
}

/// Prints a message without its header.
fn body(protocol: Option<u16>, kind: u16, flags: u16, parts: &[&[u8]]) -> String {
    let text = printed(protocol, &message(kind, flags, parts), false);
    let (_, body) = text.split_once("nlmsg_pid=0}, ").expect("a body");
    body.strip_suffix(']').expect("a list").to_owned()
}

fn header(length: usize, kind: &str, flags: &str) -> String {
    format!(
        "{{nlmsg_len={length}, nlmsg_type={kind}, nlmsg_flags={flags}, nlmsg_seq=7, nlmsg_pid=0}}"
    )
}

/// Body of a message about any network interface.
const LINK: &[u8] = &[0; 16];
const NO_LINK: &str =
    "{ifi_family=AF_UNSPEC, ifi_type=ARPHRD_NETROM, ifi_index=0, ifi_flags=0, ifi_change=0}";

#[test]
fn messages_have_names_of_types_and_flags_by_protocol() {
    for (protocol, kind, flags, expected) in [
        (ROUTE, 18, 0x301, ("RTM_GETLINK", "NLM_F_REQUEST|NLM_F_DUMP")),
        (ROUTE, 16, 0x605, ("RTM_NEWLINK", "NLM_F_REQUEST|NLM_F_ACK|NLM_F_EXCL|NLM_F_CREATE")),
        (ROUTE, 17, 0x201, ("RTM_DELLINK", "NLM_F_REQUEST|NLM_F_BULK")),
        (ROUTE, 999, 0x301, ("0x3e7 /* RTM_??? */", "NLM_F_REQUEST|0x300")),
        (ROUTE, 1, 1, ("NLMSG_NOOP", "NLM_F_REQUEST")),
        (ROUTE, 0, 0, ("0 /* NLMSG_??? */", "0")),
        (DIAG, 20, 0x301, ("SOCK_DIAG_BY_FAMILY", "NLM_F_REQUEST|NLM_F_DUMP")),
        (AUDIT, 1112, 5, ("AUDIT_USER_LOGIN", "NLM_F_REQUEST|NLM_F_ACK")),
        (GENERIC, 16, 5, ("nlctrl", "NLM_F_REQUEST|NLM_F_ACK")),
        (GENERIC, 0x44, 1, ("0x44 /* GENERIC_FAMILY_??? */", "NLM_F_REQUEST")),
        (
            FILTER,
            0xa01,
            0x301,
            ("NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETTABLE", "NLM_F_REQUEST|NLM_F_DUMP"),
        ),
        (Some(6), 0x12, 0x301, ("XFRM_MSG_GETSA", "NLM_F_REQUEST|NLM_F_DUMP")),
        // A protocol without a table, and one that is not known.
        (Some(11), 18, 0x301, ("0x12 /* NLMSG_??? */", "NLM_F_REQUEST|0x300")),
        (None, 18, 0x301, ("0x12 /* NLMSG_??? */", "NLM_F_REQUEST|0x300")),
        (None, 3, 2, ("NLMSG_DONE", "NLM_F_MULTI")),
    ] {
        let text = printed(protocol, &message(kind, flags, &[]), false);
        assert_eq!(text, header(16, expected.0, expected.1));
    }
}

#[test]
fn messages_of_route_have_structures_and_attributes() {
    let request =
        [words(&[0, 1, 0x11043, 0x10043]), attribute(3, b"lo\0"), attribute(4, &words(&[1500]))];
    let kind = attribute(1, b"dummy");
    let nested = [request[0].clone(), attribute(0x8012, &kind)];
    let parts =
        |all: &[Vec<u8>]| body(ROUTE, 16, 1, &all.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let link = "{ifi_family=AF_UNSPEC, ifi_type=ARPHRD_NETROM, ifi_index=1, \
                ifi_flags=IFF_UP|IFF_BROADCAST|IFF_RUNNING|IFF_MULTICAST|IFF_LOWER_UP, ifi_change=0x10043}";
    let known =
        "[{nla_len=7, nla_type=IFLA_IFNAME}, \"lo\"], [{nla_len=8, nla_type=IFLA_MTU}, 1500]";
    assert_eq!(parts(&request), format!("{link}, [{known}]"));
    let dummy = "[{nla_len=16, nla_type=NLA_F_NESTED|IFLA_LINKINFO}, \
                 [{nla_len=9, nla_type=IFLA_INFO_KIND}, \"dummy\"...]]";
    assert_eq!(parts(&nested), format!("{link}, {dummy}"));
    let address = [&[2, 24, 0x80, 0, 1, 0, 0, 0][..], &attribute(2, &[10, 0, 0, 1])];
    assert_eq!(
        body(ROUTE, 20, 1, &address),
        "{ifa_family=AF_INET, ifa_prefixlen=24, ifa_flags=IFA_F_PERMANENT, \
         ifa_scope=RT_SCOPE_UNIVERSE, ifa_index=1}, \
         [{nla_len=8, nla_type=IFA_LOCAL}, inet_addr(\"10.0.0.1\")]"
    );
    let to = attribute(1, &[&[0; 15][..], &[1]].concat());
    let metrics = attribute(8, &[attribute(2, &words(&[256])), attribute(99, b"abcd")].concat());
    let route = [
        &[10, 0, 0, 4, 5, 77, 7, 99][..],
        &words(&[0x80001]),
        &to,
        &attribute(5, &[1, 2, 3]),
        &metrics,
    ];
    assert_eq!(
        body(ROUTE, 26, 1, &route),
        "{rtm_family=AF_INET6, rtm_dst_len=0, rtm_src_len=0, rtm_tos=0x4, rtm_table=0x5, \
         rtm_protocol=0x4d /* RTPROT_??? */, rtm_scope=0x7, rtm_type=0x63 /* RTN_??? */, \
         rtm_flags=RTNH_F_DEAD|0x80000}, [[{nla_len=20, nla_type=RTA_DST}, inet_pton(AF_INET6, \"::1\")], \
         [{nla_len=7, nla_type=RTA_GATEWAY}, \"\\x01\\x02\\x03\"], \
         [{nla_len=20, nla_type=RTA_METRICS}, [[{nla_len=8, nla_type=RTAX_MTU}, 256], \
         [{nla_len=8, nla_type=0x63 /* RTAX_??? */}, \"\\x61\\x62\\x63\\x64\"]]]]"
    );
    let neighbour =
        [&[2, 0, 0, 0, 1, 0, 0, 0, 0x22, 0, 0x81, 1][..], &attribute(2, &[1, 2, 3, 4, 5, 6])];
    assert_eq!(
        body(ROUTE, 30, 1, &neighbour),
        "{ndm_family=AF_INET, ndm_ifindex=1, ndm_state=NUD_REACHABLE|NUD_FAILED, \
         ndm_flags=NTF_USE|NTF_ROUTER, ndm_type=RTN_UNICAST}, \
         [{nla_len=10, nla_type=NDA_LLADDR}, 01:02:03:04:05:06]"
    );
}

#[test]
fn messages_of_other_protocols_have_their_bodies() {
    let status = words(&[1; 10]);
    for (text, expected) in [
        (
            body(GENERIC, 16, 5, &[&[3, 1, 0, 0], &attribute(2, b"nlctrl\0")]),
            "{cmd=CTRL_CMD_GETFAMILY, version=1}, \
             [{nla_len=11, nla_type=CTRL_ATTR_FAMILY_NAME}, \"nlctrl\"]",
        ),
        (
            body(
                GENERIC,
                16,
                0,
                &[&[1, 2, 0, 0], &attribute(6, &attribute(1, &attribute(2, &words(&[14]))))],
            ),
            "{cmd=CTRL_CMD_NEWFAMILY, version=2}, [{nla_len=16, nla_type=CTRL_ATTR_OPS}, \
             [{nla_len=12, nla_type=0x1}, [{nla_len=8, nla_type=CTRL_ATTR_OP_FLAGS}, \
             GENL_CMD_CAP_DO|GENL_CMD_CAP_DUMP|GENL_CMD_CAP_HASPOL]]]",
        ),
        (
            body(GENERIC, 0x44, 1, &[&[3, 1, 7, 0], &attribute(2, b"\x01")]),
            "{cmd=0x3, version=1, reserved=0x7}, [{nla_len=5, nla_type=0x2}, \"\\x01\"]",
        ),
        (
            body(DIAG, 20, 0x301, &[&[2, 6, 0, 0], &words(&[0xffe]), &[0; 48]]),
            "{sdiag_family=AF_INET, sdiag_protocol=IPPROTO_TCP, idiag_ext=0, \
             idiag_states=1<<TCP_ESTABLISHED|1<<TCP_SYN_SENT|1<<TCP_SYN_RECV|1<<TCP_FIN_WAIT1|\
             1<<TCP_FIN_WAIT2|1<<TCP_TIME_WAIT|1<<TCP_CLOSE|1<<TCP_CLOSE_WAIT|1<<TCP_LAST_ACK|\
             1<<TCP_LISTEN|1<<TCP_CLOSING, id={idiag_sport=htons(0), idiag_dport=htons(0), \
             idiag_src=inet_addr(\"0.0.0.0\"), idiag_dst=inet_addr(\"0.0.0.0\"), idiag_if=0, \
             idiag_cookie=[0, 0]}}",
        ),
        (
            body(DIAG, 20, 2, &[&[1, 1, 1, 0], &words(&[9, 44, 0]), &attribute(2, &words(&[8]))]),
            "{udiag_family=AF_UNIX, udiag_type=SOCK_STREAM, udiag_state=TCP_ESTABLISHED, \
             udiag_ino=9, udiag_cookie=[44, 0]}, [{nla_len=8, nla_type=UNIX_DIAG_PEER}, 8]",
        ),
        (
            body(FILTER, 0xa09, 1, &[&[2, 0, 0, 1], &attribute(1, b"abc\0")]),
            "{nfgen_family=AF_INET, version=NFNETLINK_V0, res_id=htons(1)}, \
             [{nla_len=8, nla_type=0x1}, \"\\x61\\x62\\x63\\x00\"]",
        ),
        // strace has bytes for these two.
        (body(AUDIT, 1112, 5, &[b"op=login acct=\"a\""]), "\"op=login acct=\\\"a\\\"\""),
        (
            body(AUDIT, 1001, 5, &[&status]),
            "{mask=AUDIT_STATUS_ENABLED, enabled=1, failure=1, pid=1, rate_limit=1, backlog_limit=1, \
             lost=1, backlog=1, feature_bitmap=0x1, backlog_wait_time=1}",
        ),
        (body(AUDIT, 1013, 5, &[b"xx"]), "\"\\x78\\x78\""),
        (body(ROUTE, 3, 2, &[&words(&[0])]), "0"),
    ] {
        assert_eq!(text, expected);
    }
}

#[test]
fn messages_of_errors_have_what_they_are_about() {
    let about = message(16, 5, &[LINK, &attribute(3, b"lo\0")]);
    let request = header(40, "RTM_NEWLINK", "NLM_F_REQUEST|NLM_F_ACK");
    let whole = format!("[{request}, {NO_LINK}, [{{nla_len=7, nla_type=IFLA_IFNAME}}, \"lo\"]]");
    let error = words(&[-17_i32 as u32]);
    assert_eq!(body(ROUTE, 2, 0, &[&error, &about]), format!("{{error=-EEXIST, msg={whole}}}"));
    let capped = [&words(&[0])[..], &about[..16]];
    assert_eq!(body(ROUTE, 2, 0x100, &capped), format!("{{error=0, msg={request}}}"));
    let text = attribute(1, b"Unknown device type\0");
    assert_eq!(
        body(ROUTE, 2, 0x200, &[&error, &about, &text]),
        format!(
            "[{{error=-EEXIST, msg={whole}}}, \
             [{{nla_len=24, nla_type=NLMSGERR_ATTR_MSG}}, \"Unknown device type\"]]"
        )
    );
    // Shorter than a number.
    assert_eq!(body(ROUTE, 2, 0x301, &[b"\x02"]), "\"\\x02\"");
}

#[test]
fn messages_are_list_if_there_are_several() {
    let first = message(18, 1, &[LINK]);
    let done = message(3, 2, &[&words(&[0])]);
    let (first_text, done_text) = (
        format!("[{}, {NO_LINK}]", header(32, "RTM_GETLINK", "NLM_F_REQUEST")),
        format!("[{}, 0]", header(20, "NLMSG_DONE", "NLM_F_MULTI")),
    );
    assert_eq!(printed(ROUTE, &first, false), first_text);
    let both = [&first[..], &done].concat();
    assert_eq!(printed(ROUTE, &both, false), format!("[{first_text}, {done_text}]"));
    // One that claims to be shorter than its header ends the list: behind it nothing, zeros, or what is not printed.
    let mut short = message(18, 1, &[]);
    short[0] = 5;
    let short_text = header(5, "RTM_GETLINK", "NLM_F_REQUEST");
    assert_eq!(printed(ROUTE, &short, false), short_text);
    assert_eq!(printed(ROUTE, &[&short[..], &[0; 40]].concat(), false), short_text);
    assert_eq!(
        printed(ROUTE, &[&short[..], &done].concat(), false),
        format!("[{short_text}, ...]")
    );
}

#[test]
fn messages_that_were_cut_say_so() {
    let whole = message(18, 1, &[LINK, &attribute(3, b"eth0\0"), &attribute(4, &words(&[1500]))]);
    let header = header(52, "RTM_GETLINK", "NLM_F_REQUEST");
    let name = "[{nla_len=9, nla_type=IFLA_IFNAME}, \"eth0\"]";
    for (length, expected) in [
        (52, format!("[{header}, {NO_LINK}, [{name}, [{{nla_len=8, nla_type=IFLA_MTU}}, 1500]]]")),
        (
            50,
            format!(
                "[{header}, {NO_LINK}, [{name}, [{{nla_len=8, nla_type=IFLA_MTU}}, \"\\xdc\\x05\"...]]]"
            ),
        ),
        (44, format!("[{header}, {NO_LINK}, [{name}, ...]]")),
        (38, format!("[{header}, {NO_LINK}, [{{nla_len=9, nla_type=IFLA_IFNAME}}, \"et\"...]]")),
        (36, format!("[{header}, {NO_LINK}, [{{nla_len=9, nla_type=IFLA_IFNAME}}, ...]]")),
        (32, format!("[{header}, {NO_LINK}, ...]")),
        (17, format!("[{header}, {{ifi_family=AF_UNSPEC, ...}}]")),
        (16, format!("[{header}, ...]")),
        (3, "\"4\\0\\0\"...".to_owned()),
        (0, "\"\"...".to_owned()),
    ] {
        assert_eq!(printed(ROUTE, &whole[..length], length < 52), expected, "{length}");
    }
    // Every part of messages of several kinds.
    let text = attribute(1, b"no\0");
    let all = [
        whole.clone(),
        message(2, 0x200, &[&[0; 4], &whole, &text]),
        message(2, 0x100, &[&[0; 4], &whole[..16]]),
    ];
    let all = [all.concat(), message(3, 2, &[&[0; 4]]), message(99, 0, &[b"abcd"])].concat();
    for length in 0..all.len() {
        let text = printed(ROUTE, &all[..length], true);
        assert_eq!(text.matches("...").count(), 1, "{length}: {text}");
    }
    // A whole message, behind which more was not captured.
    assert_eq!(printed(ROUTE, &whole, true), format!("[{}, ...]", printed(ROUTE, &whole, false)));
}

#[test]
fn messages_without_header_are_text() {
    let event = b"add@/devices/x\0ACTION=add\0";
    let text = "\"add@/devices/x\\0ACTION=add\\0\"";
    assert_eq!(printed(Some(UEVENT), event, false), text);
    // So they are if the protocol is not known: the first number is no length.
    assert_eq!(printed(None, event, false), text);
    assert_eq!(printed(None, event, true), format!("{text}..."));
    let mut udev = b"libudev\0\xfe\xed\xca\xfe".to_vec();
    udev.extend([0; 28]);
    let header = "{prefix=\"libudev\", magic=htonl(0xfeedcafe), header_size=0, properties_off=0, \
                  properties_len=0, filter_subsystem_hash=htonl(0), filter_devtype_hash=htonl(0), \
                  filter_tag_bloom_hi=htonl(0), filter_tag_bloom_lo=htonl(0)}";
    assert_eq!(printed(Some(UEVENT), &udev, false), header);
    assert_eq!(printed(Some(UEVENT), &udev, true), format!("[{header}, \"\"...]"));
    udev.extend(b"ACTION=add\0");
    assert_eq!(printed(Some(UEVENT), &udev, false), format!("[{header}, \"ACTION=add\\0\"]"));
    assert!(printed(Some(UEVENT), &udev[..18], true).ends_with("header_size=0, ...}"));
    for bytes in [&b"abc"[..], b""] {
        assert_eq!(printed(ROUTE, bytes, false), format!("\"{}\"", String::from_utf8_lossy(bytes)));
    }
}

/// Nothing panics, and depth and length of the text are bounded.
#[test]
fn messages_of_any_bytes_are_printed() {
    let mut state = 1_u64;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    for round in 0..20_000_u64 {
        let length = random() % 300;
        let mut bytes: Vec<u8> = (0..length).map(|_| (random() % 8) as u8).collect();
        // Often a whole message of a known type.
        for (at, byte) in [length as u8, (length >> 8) as u8, 0, 0].into_iter().enumerate() {
            if let Some(place) = bytes.get_mut(at).filter(|_| round % 2 == 0) {
                *place = byte;
            }
        }
        if let Some(kind) = bytes.get_mut(4).filter(|_| round % 3 == 0) {
            *kind = 16 + (random() % 80) as u8;
        }
        let protocol = Some((random() % 23) as u16).filter(|protocol| *protocol != 22);
        let text = printed(protocol, &bytes, round % 5 == 0);
        assert!(text.len() < 100 * 300, "{text}");
    }
    // An error about an error about an error, and attributes within attributes.
    let nest = |one: Vec<u8>| message(2, 0, &[&words(&[0]), &one]);
    let deep = (0..40).fold(message(1, 0, &[]), |one, _| nest(one));
    assert_eq!(printed(ROUTE, &deep, false).matches("error=").count(), 9);
    let deep = (0..40).fold(vec![], |one, _| attribute(0x34, &one));
    assert_eq!(body(ROUTE, 18, 1, &[LINK, &deep]).matches("IFLA_PROP_LIST").count(), 9);
}
