// What Gradio's own components leave to wish: a slider silently corrects what is typed in its box,
// and makes a number of nothing; and an estimate stays when the answers under it change.
(() => {
  const texts = __TEXTS__;

  function tell(slider, words) {
    let line = slider.querySelector('.corrected');
    if (!line) {
      line = document.createElement('p');
      line.className = 'corrected';
      line.setAttribute('role', 'alert');
      slider.append(line);
    }
    line.textContent = words;
  }

  // A line that appears moves what is below it: not from under the tap that ended the typing.
  function later(act) {
    setTimeout(act, 300);
  }

  function sliderOf(box) {
    return box.type === 'number' ? box.closest('.feature-slider') : null;
  }

  function check(event) {
    const box = event.target;
    const slider = sliderOf(box);
    if (!slider) return;
    const words = texts[document.documentElement.lang] ?? texts.fr;
    const range = slider.querySelector('input[type=range]');
    const value = Number(box.value);
    const typed = event.type === 'input';
    // What is below the lower bound may still be half typed.
    const below = !typed && value < Number(range.min);
    const empty = box.value === '';
    const beyond = !empty && (below || value > Number(range.max));
    const told = empty
      ? words.empty
      : words.beyond.replace('LOW', range.min).replace('HIGH', range.max);
    if (typed) {
      if (beyond) tell(slider, told);
      else if (slider.querySelector('.corrected')) tell(slider, '');
    } else if (empty || beyond) {
      box.value = box.dataset.before;
      box.dispatchEvent(new Event('input', {bubbles: true}));
      later(() => tell(slider, told));
    }
  }

  function outdate(event) {
    if (event.target.closest('.feature')) {
      document.querySelector('#result .result')?.classList.add('stale');
    }
  }

  // In the capturing phase, before the slider corrects the value.
  document.addEventListener('focusin', ({target: box}) => {
    if (sliderOf(box)) box.dataset.before = box.value;
  });
  document.addEventListener('input', check, true);
  document.addEventListener('input', outdate, true);
  document.addEventListener('change', outdate, true);
  document.addEventListener('blur', check, true);
})();
