// Where the user is. Four places, and a piece opened from one of them.

export type Place = "compose" | "queue" | "library" | "machine";

class Router {
  place = $state<Place>("compose");
  /** The piece that is open, if one is. */
  piece = $state<string | null>(null);

  go(place: Place): void {
    this.place = place;
    this.piece = null;
  }

  open(piece: string): void {
    this.piece = piece;
  }

  back(): void {
    this.piece = null;
  }
}

export const router = new Router();
