import { describe, expect, it } from "vitest";
import { sanitiseSvg } from "../src/lib/sanitise";

const svg = (inside: string, attributes = "") =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" ${attributes}>${inside}</svg>`;

describe("a drawing", () => {
  it("keeps what Verovio draws with", () => {
    const drawn = sanitiseSvg(svg(`<defs><g id="E0A4"><path d="M0 0"/></g></defs><g class="note"><use xlink:href="#E0A4"/><text x="1"><tspan>p</tspan></text></g>`));
    expect(drawn.querySelectorAll("g.note use, path, tspan")).toHaveLength(3);
    expect(drawn.querySelector("use")?.getAttribute("xlink:href")).toBe("#E0A4");
  });

  it.each([
    ["<script>alert(1)</script>", "script"],
    ["<style>*{}</style>", "style"],
    [`<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><img src="x"/></body></foreignObject>`, "foreignObject, body, img"],
    [`<image href="http://example.org/x.png"/>`, "image"],
    [`<a href="javascript:alert(1)"><path d="M0 0"/></a>`, "a"],
    [`<g><animate attributeName="href"/><set/></g>`, "animate, set"],
    [`<g><iframe xmlns="http://www.w3.org/1999/xhtml"/></g>`, "iframe"],
  ])("loses %s", (inside, gone) => {
    expect(sanitiseSvg(svg(inside)).querySelectorAll(gone)).toHaveLength(0);
  });

  it("loses handlers, styles and addresses outside itself, on its root too", () => {
    const drawn = sanitiseSvg(
      svg(`<g onclick="x()" OnMouseOver="x()" style="fill:red"><use xlink:href="http://example.org/#a"/><use href="data:image/svg+xml,x#a"/><path fill="url(http://example.org)" d="M0 0"/></g>`, `onload="x()"`),
    );
    for (const element of [drawn, ...drawn.querySelectorAll("*")]) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on|^style$/i);
        expect(value).not.toMatch(/example|data:/);
      }
    }
  });

  it("is refused when it is none", () => {
    expect(() => sanitiseSvg("<html></html>")).toThrow();
    expect(() => sanitiseSvg("<svg")).toThrow();
  });
});
