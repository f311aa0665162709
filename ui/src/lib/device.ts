// Where pieces are written, in words. Pure.
import { NO_CARD, type Device, type ErrorView, type Gpu, type WorkerStatus } from "./bindings";
import { sentence } from "./errors";

export interface Choice {
  key: string;
  label: string;
  device: Device;
}

export const deviceKey = (device: Device) => (typeof device === "string" ? device : `card-${device.card}`);

/** All that can be chosen, and what was chosen even if it is not there. */
export function choices(cards: Gpu[], chosen: Device): Choice[] {
  const label = ({ name }: Gpu, card: number) =>
    cards.filter((other) => other.name === name).length > 1 ? `${name}, number ${card}` : name;
  const all: Omit<Choice, "key">[] = [
    { label: "Automatic", device: "auto" },
    { label: "Processor", device: "cpu" },
    ...cards.map((gpu, card) => ({ label: label(gpu, card), device: { card } })),
  ];
  if (typeof chosen === "object" && chosen.card >= cards.length) {
    all.push({ label: `NVIDIA card, number ${chosen.card}`, device: chosen });
  }
  return all.map((choice) => ({ ...choice, key: deviceKey(choice.device) }));
}

/** Why the processor takes a card's place; that there is no card is no news. */
export function news(worker: WorkerStatus | null): ErrorView | null {
  const instead = worker?.instead ?? null;
  return instead?.code === NO_CARD ? null : instead;
}

/** That there is no card, or not the one that was chosen. `cards` is null until the machine was looked at. */
export function missing(worker: WorkerStatus | null, cards: Gpu[] | null, chosen: Device): string {
  const instead = worker?.instead ?? null;
  const isSaid = instead?.code === NO_CARD;
  if (isSaid && typeof chosen === "object") return sentence(`${instead.message}: composing on the processor`);
  const isSeen = cards?.length === 0 && !worker?.plan?.on_card;
  return isSaid || isSeen ? "No NVIDIA card or driver was found: composing on the processor." : "";
}
