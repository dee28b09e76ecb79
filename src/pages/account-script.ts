/**
 * The only script there is, and the account page is complete without it: it puts a button beside what is there to be
 * copied. Served as a file, because the policy of the pages lets no inline script run.
 */
export const accountScript = `'use strict'
for (const block of document.querySelectorAll('[data-copy]')) {
  if (!navigator.clipboard) break
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'button copy'
  const label = 'Copy ' + block.dataset.copy
  button.textContent = label
  const told = document.createElement('span')
  told.setAttribute('role', 'status')
  told.className = 'small quiet'
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(block.textContent.trim())
      told.textContent = ' Copied.'
    } catch {
      told.textContent = ' Select the text and copy it by hand.'
    }
  })
  block.after(button, told)
}
`
