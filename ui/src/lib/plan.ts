// What a model takes of the memory, in parts. Pure.
import type { MemoryPlan } from "./bindings";

export interface Part {
  name: "weights" | "pieces" | "buffers" | "program";
  label: string;
  bytes: number;
}

export function parts(plan: MemoryPlan): Part[] {
  const all: Part[] = [
    { name: "weights", label: "Weights", bytes: plan.weights },
    { name: "pieces", label: plan.slots === 1 ? "One piece" : `${plan.slots} pieces at once`, bytes: plan.slots * plan.slot },
    { name: "buffers", label: "Buffers", bytes: plan.working },
    { name: "program", label: "Program", bytes: plan.program },
  ];
  // Of a card's memory the program takes nothing before there is a model.
  return all.filter(({ bytes }) => bytes > 0);
}

/** Whose memory it is. */
export const memoryWord = (plan: MemoryPlan) => (plan.on_card ? "the card’s memory" : "memory");

export const plannedBytes = (plan: MemoryPlan) => parts(plan).reduce((sum, part) => sum + part.bytes, 0);
