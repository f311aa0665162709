// Makes an SVG text into nodes that cannot do anything: no scripts, no foreign content, no event
// handlers, no addresses outside itself. Styles go too; the application's own CSS draws the score.

const SVG = "http://www.w3.org/2000/svg";
const XLINK = "http://www.w3.org/1999/xlink";

// What Verovio draws with. A list of what is allowed cannot forget what is dangerous.
const ELEMENTS = new Set([
  "svg", "g", "defs", "symbol", "use", "title", "desc",
  "path", "line", "rect", "circle", "ellipse", "polygon", "polyline", "text", "tspan",
]);

function clean(element: Element): void {
  for (const attribute of [...element.attributes]) {
    const name = attribute.localName.toLowerCase();
    const isLink = name === "href" || attribute.namespaceURI === XLINK;
    const bad =
      name.startsWith("on") ||
      name === "style" ||
      (isLink && !attribute.value.trim().startsWith("#")) ||
      /url\s*\(\s*(?!["']?#)|javascript:/i.test(attribute.value);
    if (bad) element.removeAttributeNode(attribute);
  }
  for (const child of [...element.children]) {
    if (child.namespaceURI === SVG && ELEMENTS.has(child.localName)) clean(child);
    else child.remove();
  }
}

/** The drawing as a node of this document. Throws on what is not one SVG drawing. */
export function sanitiseSvg(text: string): SVGSVGElement {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml");
  const root = parsed.documentElement;
  if (root.namespaceURI !== SVG || root.localName !== "svg" || parsed.querySelector("parsererror")) {
    throw new Error("the engraver's answer is not an SVG drawing");
  }
  clean(root);
  return document.importNode(root, true) as unknown as SVGSVGElement;
}
