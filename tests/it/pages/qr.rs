//! Reads the QR code of a page as a telephone's camera would.

/// Pixels of a module's side: the decoder looks for shapes, not for squares of one pixel.
const PIXELS: usize = 6;

/// What the only QR code of a page says.
pub fn read(html: &str) -> String {
    assert_eq!(html.matches("class=\"qr\"").count(), 1, "{html}");
    let (_, svg) = html.split_once("class=\"qr\"").expect("a QR code");
    let side = attribute(svg, "viewBox").rsplit(' ').next().and_then(|side| side.parse::<usize>().ok());
    let side = side.expect("the side of the square");
    let mut is_dark = vec![false; side * side];
    // Each dark module is a square of its own.
    for module in attribute(svg, "d").split_terminator("h1v1h-1z") {
        let (x, y) = module.strip_prefix('M').and_then(|place| place.split_once(' ')).expect("a place");
        let (x, y): (usize, usize) = (x.parse().expect("a column"), y.parse().expect("a row"));
        is_dark[y * side + x] = true;
    }
    let pixels = side * PIXELS;
    let pixel = |x: usize, y: usize| if is_dark[y / PIXELS * side + x / PIXELS] { 0 } else { 255 };
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(pixels, pixels, pixel);
    let codes = picture.detect_grids();
    assert_eq!(codes.len(), 1, "a camera sees one code");
    codes[0].decode().expect("a code that can be read").1
}

fn attribute<'a>(svg: &'a str, name: &str) -> &'a str {
    let (_, rest) = svg.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("no {name}"));
    rest.split('"').next().expect("its end")
}
