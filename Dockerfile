# The production image: one for web and worker. Static files are built in, so that containers start at once.
FROM python:3.12-slim AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN ONWATCH_DATA=/tmp/build SECRET_KEY=build /venv/bin/python manage.py collectstatic --noinput --verbosity 0

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 onwatch && mkdir /data && chown onwatch /data
COPY --from=build /venv /venv
COPY --from=build --chown=onwatch /app /app
WORKDIR /app
USER onwatch
ENV PATH=/venv/bin:$PATH HOST=0.0.0.0 PORT=8000 ONWATCH_DATA=/data PYTHONUNBUFFERED=1
EXPOSE 8000 4317 4318
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["python", "manage.py", "up"]
