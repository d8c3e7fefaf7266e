// The body of a function that lists what sticks out of the window at its sides, for tests/it/browser/looks.rs.
const width = document.documentElement.clientWidth;
const found = [];

const name = (element) => {
  const id = element.id ? `#${element.id}` : '';
  const classes = [...element.classList].map((one) => `.${one}`).join('');
  return element.localName + id + classes;
};

// What scrolls by itself may hold what is wider; the box that scrolls must fit.
const scrolls = (element) => {
  for (let outer = element.parentElement; outer && outer !== document.body; outer = outer.parentElement) {
    if (['auto', 'scroll'].includes(getComputedStyle(outer).overflowX)) return true;
  }
  return false;
};

// A text for screen readers alone is one pixel large; a skip link waits beyond the edge for the keyboard.
const isMeantToBeHidden = (element, box) =>
  (box.width <= 1 && box.height <= 1) ||
  (element.matches('a[href="#main"]') && element !== document.activeElement);

const pageWidth = document.documentElement.scrollWidth;
if (pageWidth > width + 1) found.push(`the page is ${pageWidth} px wide in a window of ${width} px`);

for (const element of document.body.querySelectorAll('*')) {
  if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
  if (element.ownerSVGElement) continue;
  const box = element.getBoundingClientRect();
  if (box.width === 0 || box.height === 0 || isMeantToBeHidden(element, box)) continue;
  if ((box.left < -1 || box.right > width + 1) && !scrolls(element)) {
    const [left, right] = [Math.round(box.left), Math.round(box.right)];
    found.push(`${name(element)} reaches from ${left} to ${right} px in a window of ${width} px`);
  }
}
return found;
