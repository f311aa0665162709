import { render, screen } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { DiagnosticView } from "../src/lib/bindings";
import Diagnostics from "../src/parts/Diagnostics.svelte";

const finding = (severity: DiagnosticView["severity"]): DiagnosticView => ({ severity, bar: 3, line: 1, column: 1, message: "a slur has no end" }) as DiagnosticView;
const shown = (diagnostics: DiagnosticView[]) => {
  const { container, unmount } = render(Diagnostics, { diagnostics });
  const text = container.textContent?.replace(/\s+/g, " ").trim();
  const button = screen.queryByTestId("diagnostics") !== null;
  unmount();
  return { text, button };
};

describe("what had to be mended", () => {
  it("is nothing when nothing was found", () => {
    expect(shown([])).toEqual({ text: "Nothing had to be mended.", button: false });
  });

  it("is nothing when there are notes alone, which are listed all the same", () => {
    expect(shown([finding("note"), finding("note")])).toEqual({ text: "Nothing had to be mended. Remarks 2", button: true });
  });

  it("is counted with the notes when there is more", () => {
    expect(shown([finding("note"), finding("warning")])).toEqual({ text: "Mended for the score 2", button: true });
  });
});
