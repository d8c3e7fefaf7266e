'use strict';
const element = (id) => document.getElementById(id);
element('script').textContent = 'on';
setTimeout(() => {
  element('late').hidden = false;
  element('short').remove();
}, 300);
element('ask').addEventListener('click', () => {
  element('ask').textContent = confirm('Sure?') ? 'yes' : 'no';
});
element('save').addEventListener('click', () => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['1234-5678\n']));
  link.download = 'codes.txt';
  link.click();
});
