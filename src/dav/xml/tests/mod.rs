//! The judge over what is kept is another parser, by others: that of xmltree.

mod refused;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn parse(text: &str) -> Element<'_> {
    Element::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn each(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().concat()
}

/// Text directly in an element.
fn text(element: &Element<'_>) -> String {
    let texts = element.content.iter().map(|node| if let Node::Text(text) = node { text } else { "" });
    texts.collect()
}

/// The property in a body is kept like this.
fn kept(body: &str, expected: &str) {
    let top = parse(body);
    let alone = top.children[0].standalone();
    assert_eq!(alone, expected);
    judge(&top.children[0]);
}

/// Another parser reads the same from what is kept, and so does this one, which writes the same again.
fn judge(element: &Element<'_>) {
    let alone = element.standalone();
    let other = xmltree::Element::parse(alone.as_bytes()).unwrap_or_else(|error| panic!("{error}: {alone}"));
    alike(element, &other);
    let again = parse(&alone);
    assert_eq!(again.standalone(), alone);
    assert_eq!(again.scope.lang(), element.scope.lang());
    same(element, &again);
}

fn alike(element: &Element<'_>, other: &xmltree::Element) {
    assert_eq!(element.namespace, other.namespace.as_deref().unwrap_or(""));
    assert_eq!(element.name, other.name);
    assert_eq!(element.prefix, other.prefix.as_deref().unwrap_or(""));
    for Attribute { name, value } in &element.attributes {
        // xmltree knows attributes by their local names alone, and the last of each.
        if element.attributes.iter().filter(|other| other.name.local == name.local).count() == 1 {
            assert_eq!(other.attributes.get(name.local).map(String::as_str), Some(value.as_ref()));
        }
    }
    let texts: String = other.children.iter().filter_map(|node| node.as_text()).collect();
    // xmltree drops pieces of white space alone.
    assert_eq!(solid(&text(element)), solid(&texts));
    let children: Vec<_> = other.children.iter().filter_map(|node| node.as_element()).collect();
    assert_eq!(element.children.len(), children.len());
    element.children.iter().zip(children).for_each(|(child, other)| alike(child, other));
}

fn solid(text: &str) -> String {
    text.chars().filter(|c| !names::is_space(*c)).collect()
}

fn same(one: &Element<'_>, two: &Element<'_>) {
    assert_eq!((&one.namespace, &one.name, one.prefix), (&two.namespace, &two.name, two.prefix));
    let attributes = |element: &Element<'_>| -> Vec<(String, String, String)> {
        let own = element.attributes.iter().filter(|attribute| attribute.name.prefix != "xml");
        own.map(|attribute| {
            let namespace = element.scope.resolve(attribute.name, false).expect("declared");
            (namespace.to_owned(), attribute.name.local.to_owned(), attribute.value.to_string())
        })
        .collect()
    };
    assert_eq!(attributes(one), attributes(two));
    assert_eq!(text(one), text(two));
    assert_eq!(one.children.len(), two.children.len());
    one.children.iter().zip(&two.children).for_each(|(one, two)| same(one, two));
}

#[test]
fn names_are_resolved() {
    let top = parse(
        r#"<?xml version="1.0"?><D:a xmlns:D="DAV:" xmlns="urn:x"><b/><D:c xmlns:D="urn:y">t&amp;<![CDATA[<]]></D:c></D:a>"#,
    );
    assert!(top.is_dav("a"));
    assert_eq!((top.children[0].namespace.as_str(), top.children[0].name.as_str()), ("urn:x", "b"));
    assert_eq!((top.children[1].namespace.as_str(), text(&top.children[1]).as_str()), ("urn:y", "t&<"));
}

#[test]
fn a_property_keeps_its_text_and_takes_its_namespaces_along() {
    kept(
        r#"<D:prop xmlns:D="DAV:" xmlns:n="urn:n" xmlns:unused="urn:u" xml:lang="de"><n:a x="1" n:y="2"><b>ä<!--c--></b></n:a></D:prop>"#,
        r#"<n:a xmlns:n="urn:n" xml:lang="de" x="1" n:y="2"><b>ä</b></n:a>"#,
    );
    kept(r#"<p xmlns="urn:d"><q/></p>"#, r#"<q xmlns="urn:d"/>"#);
    kept(r#"<p xmlns="urn:d"><q xmlns=""><r/></q></p>"#, r#"<q xmlns=""><r/></q>"#);
    kept(r#"<p xmlns="urn:d"><x:q xmlns:x="urn:x"><r/></x:q></p>"#, r#"<x:q xmlns:x="urn:x" xmlns="urn:d"><r/></x:q>"#);
    kept(
        r#"<p xmlns="urn:d"><o xmlns=""><x:q xmlns:x="urn:x"><r/></x:q></o></p>"#,
        r#"<o xmlns=""><x:q xmlns:x="urn:x"><r/></x:q></o>"#,
    );
    kept(r#"<p xml:lang="de"><q xml:lang="" /></p>"#, r#"<q xml:lang=""/>"#);
    let body = r#"<p xmlns:x="urn:1"><m xmlns:x="urn:2"><x:q/></m></p>"#;
    assert_eq!(parse(body).children[0].children[0].standalone(), r#"<x:q xmlns:x="urn:2"/>"#);
}

#[test]
fn what_is_kept_is_within_bounds() {
    let namespaces = each(100, |n| format!(" xmlns:p{n}='urn:{n}'"));
    let attributes = each(64, |n| format!(" p{n}:a{n}=''"));
    judge(&parse(&format!("<a xml:lang='de'{namespaces}><b{attributes}/></a>")).children[0]);
}

#[test]
fn names_in_text_and_values_keep_their_namespaces() {
    kept(
        r#"<p xmlns:s="urn:s" xmlns:i="urn:i" xmlns:u="urn:u" xmlns:v="urn:v"><q i:type="s:string">a (u:b) v</q></p>"#,
        r#"<q xmlns:i="urn:i" xmlns:s="urn:s" xmlns:u="urn:u" i:type="s:string">a (u:b) v</q>"#,
    );
}

#[test]
fn mixed_content_stays_in_order_and_is_escaped() {
    kept(
        "<p><q>a<b/>c<![CDATA[<&>]]><!-- c --><?i?>&#x64;<b>\t</b>\n</q></p>",
        "<q>a<b/>c&lt;&amp;&gt;d<b>\t</b>\n</q>",
    );
    kept("<p><q>]]&gt;\"'</q></p>", "<q>]]&gt;\"'</q>");
    kept(
        "<p><q a='&lt;\"&#9;&#10;&#13;\t\r\nx&gt;' >\r\n\r&#13;<![CDATA[\r\n]]></q></p>",
        "<q a=\"&lt;&quot;&#9;&#10;&#13;  x&gt;\">\n\n&#13;\n</q>",
    );
}

#[test]
fn what_xml_allows_is_read() {
    for text in [
        "\u{feff}<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<!-- a - b --><?p?><?xml-s a='1'?><a/>\n<!----> ",
        "<?xml version = \"1.1\"?><a/>",
        "<?xml version='1.0' encoding='us-ascii'?><a/>",
        "<a\n\tb = '1'\r\nc=\"'>/\"\n></a\n>",
        "<a>&amp;&lt;&gt;&quot;&apos;&#65;&#x41;&#00000000000000000000065;&#x10FFFF;</a>",
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:id='x'/>",
        "<\u{e4}\u{b7}.-1 _\u{300}=''/>",
        "<a xmlns:p='urn:1' xmlns:q='urn:2' p:x='' q:x='' x=''/>",
        "<a xmlns='urn:1' xmlns:q='urn:1' q:x='' x=''/>",
        "<a>]] ]> ></a>",
    ] {
        judge(&parse(text));
    }
}

#[test]
fn escaping_leaves_nothing_that_ends_a_tag() {
    assert_eq!(escape("<a href='\"&\u{0}\u{1b}'>"), "&lt;a href=&#39;&quot;&amp;\u{fffd}\u{fffd}&#39;&gt;");
}

/// Pieces of documents, right and wrong ones.
const PIECES: &[&str] = &[
    "<a",
    "<p:a",
    "<q:b",
    "<\u{e4}",
    "</a>",
    "</p:a>",
    "</q:b>",
    ">",
    ">",
    ">",
    "/>",
    "/>",
    " x='1'",
    " p:x=\"&#10;\t\"",
    " q:x=''",
    " xmlns:p='urn:1'",
    " xmlns:q='urn:1'",
    " xmlns:q='urn:2'",
    " xmlns='urn:2'",
    " xmlns=''",
    " xml:lang='de'",
    " ",
    "\n",
    "text",
    "\r\n",
    "&#13;",
    "&lt;",
    "&amp;",
    "&",
    "]]>",
    "<![CDATA[",
    "]]",
    "<!--",
    "-->",
    "--",
    "<?",
    "i",
    "?>",
    "q:b",
    "p:",
    "<?xml version='1.0'?>",
    "\u{d7}",
    "\u{feff}",
    "'",
    "\"",
    "=",
    ":",
];

/// A document that may be well-formed: an element, what it says, and what is in it.
fn document() -> impl Strategy<Value = String> {
    let names = || select(vec!["a", "p:a", "q:b", "\u{e4}"]);
    let said = || {
        let said = vec![
            " x='1'",
            " p:x=\"&#10;\t&gt;\"",
            " q:x='p:b'",
            " xmlns:p='urn:1'",
            " xmlns:q='urn:1'",
            " xmlns:q='urn:2'",
            " xmlns='urn:2'",
            " xmlns=''",
            " xml:lang='de'",
            " xml:lang='&quot;'",
        ];
        vec(select(said), 0..4).prop_map(|said| said.concat())
    };
    let texts = vec![
        "text",
        " ",
        "\r\n",
        "&#13;",
        "&lt;q:b",
        "]]&gt;",
        "<![CDATA[</a>&]]>",
        "<!-- c -->",
        "<?i ?>",
        "\u{1f511}",
    ];
    select(texts).prop_map(str::to_owned).prop_recursive(5, 24, 5, move |inner| {
        (names(), said(), vec(inner, 0..5))
            .prop_map(|(name, said, inner)| format!("<{name}{said}>{}</{name}>", inner.concat()))
    })
}

fn judge_all(element: &Element<'_>) {
    judge(element);
    element.children.iter().for_each(judge_all);
}

proptest! {
    #[test]
    fn anything_is_read_without_panic(text in "[<>/a:b='\" &;!\\[\\]x#1\u{e4}?-]{0,80}") {
        if let Ok(element) = Element::parse(text.as_bytes()) {
            judge_all(&element);
        }
    }

    #[test]
    fn what_is_kept_is_well_formed_for_others(pieces in vec(select(PIECES), 0..24)) {
        if let Ok(element) = Element::parse(pieces.concat().as_bytes()) {
            judge_all(&element);
        }
    }

    #[test]
    fn every_element_stands_by_itself(inner in document()) {
        let text = format!("<top xmlns:p='urn:p' xmlns:q='urn:q' xmlns='urn:d' xml:lang='en'>{inner}</top>");
        if let Ok(element) = Element::parse(text.as_bytes()) {
            judge_all(&element);
        }
    }
}
