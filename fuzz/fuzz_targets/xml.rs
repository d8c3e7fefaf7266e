//! A body is read within bounds, and what is kept of it stands by itself.
#![no_main]

use latchkey::dav::xml::Element;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if body.len() <= 64 * 1024
        && let Ok(element) = Element::parse(body)
    {
        check(&element);
    }
});

fn check(element: &Element<'_>) {
    let alone = element.standalone();
    let again = Element::parse(alone.as_bytes()).expect("what was kept is well-formed");
    assert_eq!((&again.namespace, &again.name), (&element.namespace, &element.name));
    element.children.iter().for_each(check);
}
