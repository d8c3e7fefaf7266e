//! What is not read at all.

use super::{Element, XmlError, each};

fn error(text: &str) -> Option<XmlError> {
    Element::parse(text.as_bytes()).err()
}

#[test]
fn document_types_are_refused() {
    for text in [
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
        "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><l>&b;</l>",
    ] {
        assert_eq!(error(text), Some(XmlError::DocumentType), "{text}");
    }
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for text in [
        "",
        " ",
        "text",
        "<",
        "<a",
        "<a>",
        "<a ",
        "<a/",
        "</a>",
        "<a></b>",
        "<a></A>",
        "<a></a b='1'>",
        "<a><b></a></b>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a/>&amp;",
        "<a/><![CDATA[ ]]>",
        "<a/></a>",
        "< a/>",
        "<a></ a>",
        "<a / >",
        "<a>&nope;</a>",
        "<a>&#1;</a>",
        "<a>&#xd800;</a>",
        "<a>&#+65;</a>",
        "<a>&#X41;</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&</a>",
        "<a>& b;</a>",
        "<a>&amp</a>",
        "<a>&#4294967361;</a>",
        "<a>]]></a>",
        "<a><![CDATA[</a>",
        "<a><![cdata[]]></a>",
        "<a><!b></a>",
        "<!doctype a><a/>",
        "<a>\u{fffe}</a>",
        "<a \u{1}/>",
        "<a b/>",
        "<a b=1/>",
        "<a b='1/>",
        "<a b='&x;'/>",
        "<a b='<'/>",
        "<a b='1' b='2'/>",
        "<a xml:lang='1' xml:lang='1'/>",
        "<a b='1'c='2'/>",
        "<a 1b='x'/>",
        "<a =''/>",
        "<1a/>",
        "<a\u{d7}/>",
        "<\u{b7}/>",
        "<-a/>",
        "<a><!-- a -- b --></a>",
        "<a><!-- a ---></a>",
        "<a><!--></a>",
        "<a><!-- </a>",
        "<a><? b?></a>",
        "<a><??></a>",
        "<a><?b</a>",
        "<a><?b:c d?></a>",
        "<a><?1?></a>",
        "<a><?b+?></a>",
    ] {
        assert_eq!(error(text), Some(XmlError::NotWellFormed), "{text}");
    }
    assert_eq!(Element::parse(b"<a>\xff</a>").err(), Some(XmlError::NotWellFormed));
}

#[test]
fn the_xml_declaration_stands_at_the_very_start_and_says_utf_8() {
    for text in [
        " <?xml version='1.0'?><a/>",
        "<a><?xml version='1.0'?></a>",
        "<a/><?xml version='1.0'?>",
        "<?XML?><a/>",
        "<?xml?><a/>",
        "<?xml ?><a/>",
        "<?xml version='2.0'?><a/>",
        "<?xml version='1.'?><a/>",
        "<?xml version='1.0'><a/>",
        "<?xml encoding='utf-8'?><a/>",
        "<?xml version='1.0' encoding='utf-16'?><a/>",
        "<?xml version='1.0' encoding='iso-8859-1'?><a/>",
        "<?xml version='1.0' encoding='us-ascii'?><a>\u{e4}</a>",
        "<?xml version='1.0'encoding='utf-8'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0' standalone='no' encoding='utf-8'?><a/>",
        "<?xml version='1.0' other=''?><a/>",
        "<?xml version='1.0'?><?xml version='1.0'?><a/>",
    ] {
        assert_eq!(error(text), Some(XmlError::NotWellFormed), "{text}");
    }
}

#[test]
fn wrong_namespaces_are_refused() {
    for text in [
        "<b:a/>",
        "<a b:c='1'/>",
        "<:a/>",
        "<a:/>",
        "<a:b:c xmlns:a='urn:x'/>",
        "<a xmlns:='urn:x'/>",
        "<xmlns:a/>",
        "<xml:a/>",
        "<a xmlns:b=''/>",
        "<a xmlns:b='urn:x' xmlns:b='urn:y'/>",
        "<a xmlns='urn:x' xmlns='urn:x'/>",
        "<a xmlns:p='urn:1' xmlns:q='urn:1' p:x='' q:x=''/>",
        "<a xmlns:xml='urn:x'/>",
        "<a xmlns:b='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:b='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:1='urn:x'/>",
        "<a xmlns='urn: x'/>",
        "<a xmlns='urn:}x'/>",
        "<a xmlns='urn:&#10;x'/>",
        "<a><c xmlns:b='urn:x'/><b:d/></a>",
    ] {
        assert_eq!(error(text), Some(XmlError::NotWellFormed), "{text}");
    }
}

#[test]
fn depth_and_number_and_length_are_bounded() {
    let declarations =
        |prefix: &str, count: usize| -> String { each(count, |n| format!(" xmlns:{prefix}{n}='urn:{n}'")) };
    let spread = each(5, |n| format!("<b{}/>", declarations(&format!("p{n}x"), 52)));
    for text in [
        format!("{}{}", "<a>".repeat(33), "</a>".repeat(33)),
        format!("<a>{}</a>", "<b/>".repeat(2000)),
        format!("<a {}/>", each(65, |n| format!(" a{n}=''"))),
        format!("<a{}/>", declarations("p", 257)),
        format!("<a>{spread}</a>"),
        format!("<{}/>", "a".repeat(257)),
        format!("<a {}=''/>", "a".repeat(257)),
        format!("<a xmlns='{}'/>", "a".repeat(513)),
        format!("<a xml:lang='{}'/>", "a".repeat(257)),
    ] {
        assert_eq!(error(&text), Some(XmlError::TooMuch), "{text}");
    }
    for text in [
        format!("{}{}", "<a>".repeat(32), "</a>".repeat(32)),
        format!("<a>{}</a>", "<b/>".repeat(1999)),
        format!("<a{}/>", declarations("p", 256)),
        format!("<{}/>", "a".repeat(256)),
        format!("<a xmlns='{}'/>", "a".repeat(512)),
    ] {
        assert_eq!(error(&text), None, "{text}");
    }
}
