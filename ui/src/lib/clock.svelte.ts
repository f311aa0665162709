// The time, for what ticks on the screen. One timer for the whole window.

class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => {
      if (document.visibilityState === "visible") this.now = Date.now();
    }, 1000);
  }
}

export const time = new Clock();
