"""What the page does beyond unfolding: filter, keys, copy. It is whole without."""

SCRIPT = """
addEventListener('DOMContentLoaded', () => {
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const form = document.getElementById('filter'), text = form.elements.text;
  const rows = all('details.check');
  document.documentElement.classList.add('js');

  const words = row => row.words ??= [row.id, row.firstElementChild.textContent,
    row.querySelector('.about').textContent,
    ...all('.cell', row).map(cell => cell.title)].join(' ').toLowerCase();

  function filter() {
    const wanted = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const verdicts = all('button[aria-pressed=true]', form).map(button => button.value);
    const chapter = form.elements.chapter.value;
    let shown = 0;
    for (const row of rows) {
      const has = row.dataset.v.split(' ');
      row.hidden = (chapter && row.parentElement.dataset.chapter !== chapter)
        || (verdicts.length && !verdicts.some(verdict => has.includes(verdict)))
        || !wanted.every(word => words(row).includes(word));
      shown += !row.hidden;
    }
    for (const part of all('.chapter')) part.hidden = !part.querySelector('details:not([hidden])');
    form.elements.count.value = `${shown} of ${rows.length} checks`;
  }

  form.addEventListener('submit', event => event.preventDefault());
  form.addEventListener('input', filter);
  form.addEventListener('click', event => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.name === 'fold') {
      const seen = rows.filter(row => !row.hidden), open = !seen.some(row => row.open);
      for (const row of seen) row.open = open;
    } else {
      button.setAttribute('aria-pressed', button.getAttribute('aria-pressed') !== 'true');
      filter();
    }
  });

  document.addEventListener('click', async event => {
    const button = event.target.closest('button.copy');
    if (!button) return;
    const code = button.parentElement.querySelector('pre');
    let done = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      done = document.execCommand('copy');
    }
    button.textContent = done ? 'copied' : 'press Ctrl+C';
    setTimeout(() => { button.textContent = 'copy'; }, 2000);
  });

  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches('input, select');
    if (event.key === '/' && !typing) {
      event.preventDefault();
      text.focus();
    } else if (event.key === 'Escape' && event.target === text) {
      text.value = '';
      filter();
    } else if (!typing) {
      const step = {ArrowDown: 1, j: 1, ArrowUp: -1, k: -1}[event.key];
      const seen = rows.filter(row => !row.hidden);
      const now = seen.indexOf(document.activeElement.closest('details.check'));
      if (!step || (now < 0 && event.key.startsWith('Arrow'))) return;
      event.preventDefault();
      seen[Math.min(Math.max(now + step, 0), seen.length - 1)]?.firstElementChild.focus();
    }
  });

  function follow() {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!row?.matches('details.check')) return;
    if (row.hidden) {
      form.reset();
      for (const button of all('button[aria-pressed]', form)) button.ariaPressed = 'false';
      filter();
    }
    row.open = true;
    row.firstElementChild.focus({preventScroll: true});
    row.scrollIntoView();
    requestAnimationFrame(() => row.scrollIntoView());  // rows above have their height now
  }
  addEventListener('hashchange', follow);
  filter();
  follow();
});
"""
