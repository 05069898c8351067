// A number typed beyond its slider's bounds is brought back by the slider, silently: say so.
(() => {
  const texts = __TEXTS__;

  function notice(slider) {
    let line = slider.querySelector('.out-of-bounds');
    if (!line) {
      line = document.createElement('p');
      line.className = 'out-of-bounds';
      line.setAttribute('role', 'alert');
      slider.append(line);
    }
    return line;
  }

  function check(event) {
    const box = event.target;
    const slider = box.closest?.('.feature-slider');
    if (!slider || box.type !== 'number') return;
    const range = slider.querySelector('input[type=range]');
    const value = Number(box.value);
    // What is below the lower bound may still be half typed.
    const below = event.type === 'change' && value < Number(range.min);
    const beyond = box.value !== '' && (below || value > Number(range.max));
    if (!beyond && event.type === 'change') return;
    const words = texts[document.documentElement.lang] ?? texts.fr;
    notice(slider).textContent =
      beyond ? words.replace('LOW', range.min).replace('HIGH', range.max) : '';
  }

  // In the capturing phase, before the slider corrects the value.
  document.addEventListener('input', check, true);
  document.addEventListener('change', check, true);
})();
