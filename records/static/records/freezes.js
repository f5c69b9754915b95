// How long all writes are still held, counted down by our own clock from what the server said was left.
// Without it the banner says the time at which that ends.
(() => {
  "use strict";
  const ends = new WeakMap(); // by element: what the server said, and when that is over
  function tellLeft(seconds) {
    const pad = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
    return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
  }
  function countDown() {
    for (const place of document.querySelectorAll("[data-left]")) {
      const said = place.dataset.left;
      if (ends.get(place)?.said !== said) ends.set(place, { said, at: performance.now() + said * 1000 });
      const left = Math.max(0, Math.round((ends.get(place).at - performance.now()) / 1000));
      place.textContent = left ? `(${tellLeft(left)} left)` : "(it is over)";
    }
  }
  countDown();
  setInterval(countDown, 1000);
})();
